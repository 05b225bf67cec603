"""The ways to rank trained networks, and what reports say of each."""

from enum import StrEnum


class Method(StrEnum):
    """How accuracies are believed: predicted and corrected by a Gaussian process of all networks, drawn to their common
    mean, or, where nothing is known of the noise, as they were observed.
    """

    PROCESS = "gaussian process"
    SHRUNKEN = "shrunken mean"
    OBSERVED = "observed"

    @property
    def words(self) -> str:
        """Where its means come from, as the end of a sentence."""
        return _WORDS[self]


_WORDS = {
    Method.PROCESS: (
        "a Gaussian process of all trained networks, on their decisions and on what is known without training"
    ),
    Method.SHRUNKEN: "the average of each network's trainings, drawn to the mean of all by the noise that repeats show",
    Method.OBSERVED: "the accuracies as observed, as single trainings say too little of their noise",
}
