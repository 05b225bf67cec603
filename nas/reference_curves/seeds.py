"""The accuracy of a network over the seeds of its trainings, with an error that covers seeds and test images."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean
from typing import NamedTuple

from nas.statistics.proportions import Z95, wilson


class OverSeeds(NamedTuple):
    """Mean accuracy of a network's trainings, its standard error, and how many trainings there were."""

    accuracy: float
    error: float
    trainings: int


def over_seeds(accuracies: Mapping[str, Sequence[float]], images: int) -> dict[str, OverSeeds]:
    """By name, what the accuracies of each network come to, of trainings that differ in their seed.

    accuracies: fractions, one or more a network, all on so many images (more than 0). The variance between seeds is
    taken to be the same for all networks, as two or three seeds say little of their own: it is pooled over those with
    more than one training, and 0 where none has. What the number of images leaves open is half of Wilson's interval /
    1.96, which more seeds do not reduce.
    """
    between = _pooled_variance([*accuracies.values()])
    found = {}
    for name, values in accuracies.items():
        mean = fmean(values)
        low, high = wilson(mean, images)
        within = ((high - low) / (2 * Z95)) ** 2
        found[name] = OverSeeds(mean, sqrt(within + between / len(values)), len(values))
    return found


def _pooled_variance(groups: Sequence[Sequence[float]]) -> float:
    freedom = sum(len(values) - 1 for values in groups)
    squares = sum((value - fmean(values)) ** 2 for values in groups for value in values)
    return squares / freedom if freedom else 0.0
