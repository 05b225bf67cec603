"""What a compressor works with."""

from dataclasses import dataclass
from pathlib import Path

from nas.dataset import Dataset
from nas.trial import Report


@dataclass(frozen=True, slots=True)
class Bench:
    """The images of a compression, where and from which seed it computes, and what it reports to.

    dataset: a compressor trains on the train split, chooses on validation, and never reads test. report: called after
    each epoch; what it raises ends the stage. checkpoint: a file for the state of a training, from which a later call
    with equal arguments goes on. device: cpu or cuda.
    """

    dataset: Dataset
    seed: int
    report: Report
    checkpoint: Path | None = None
    device: str = "cpu"
