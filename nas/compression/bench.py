"""What a compressor works with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.dataset import Dataset
from nas.trial import Report

if TYPE_CHECKING:
    from nas.compression.device_latencies import TargetDevice
    from nas.compression.model import Model


def _unheard(_name: str, _value: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """The images of a compression, where and from which seed it computes, and what it reports to.

    dataset: a compressor trains on the train split, chooses on validation, and never reads test. report: called after
    each epoch; what it raises ends the stage. checkpoint: a file for the state of a training, from which a later call
    with equal arguments goes on. device: cpu or cuda. note: takes what a compressor found out, by name and as JSON
    values, for the report of its stage. teacher: the network whose scores trainings follow; None for the model as it is
    before each of them. target: the device that a stage for a latency is made for.
    """

    dataset: Dataset
    seed: int
    report: Report
    checkpoint: Path | None = None
    device: str = "cpu"
    note: Callable[[str, Any], None] = _unheard
    teacher: "Model | None" = None
    target: "TargetDevice | None" = None
