"""Compress a finalist: through the stages of a plan, each kept once it is done, to files that are tested."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.compressing.plan import requested
from nas.dataset import Dataset
from nas.trial import Metrics, Report
from workers.tasks.told_latencies import ToldLatencies, Untold, UntoldError
from workers.tasks.train import Setup, evaluator_of, images_of, memory_errors


@dataclass(frozen=True, slots=True)
class Compression:
    """How a network is made smaller.

    wanted: JSON text, as nas.compressing.plan.requested takes it. notation: of the network. folder: the path of the
    states of finished stages, on the worker's machine. pixels: whether the .onnx takes pictures (ModelInput.UINT8).
    told: of the device that the file is for, if it is for one.
    """

    wanted: str
    notation: str
    folder: str
    pixels: bool = False
    told: ToldLatencies | None = None


@dataclass(frozen=True, slots=True)
class CompressedFiles:
    """The .naz, the .onnx, and what is said of them (nas.compressing.compressed)."""

    file: bytes
    onnx: bytes
    report: dict[str, Any]


STAGE, TOTAL = "stage", "total"
"""Beside the metrics that compress reports: the number of the stage in the plan, and how many reports there are."""


def check(setup: Setup, shared: Dataset | None, compression: Compression, *, report: Report) -> None:  # noqa: ARG001 - a task
    """SpecError if the plan is wrong: the dispatcher does not load the compressors, which need torch."""
    requested(json.loads(compression.wanted))


def compress(
    setup: Setup, shared: Dataset | None, model: bytes | None, compression: Compression, *, report: Report
) -> CompressedFiles | Untold:
    """Files of the network with the weights in an exported .onnx, or of the seed if the plan begins with those; or the
    latency that has to be told first.

    A later call with equal arguments goes on behind the last epoch. SpecError if the plan is wrong, CompressionError if
    the network cannot be compressed so.
    """
    try:
        return _files(setup, shared, model, compression, report)
    except UntoldError as error:
        return Untold(error.subject)


def _files(
    setup: Setup, shared: Dataset | None, model: bytes | None, compression: Compression, report: Report
) -> CompressedFiles:
    from nas.compressing.compressed import compressed  # noqa: PLC0415 - torch is the workers' own
    from nas.compressing.source import begin  # noqa: PLC0415 - as above
    from nas.compression.bench import Bench  # noqa: PLC0415 - as above
    from nas.export import with_pixel_input  # noqa: PLC0415 - as above

    plan = requested(json.loads(compression.wanted))
    given = images_of(setup, shared).untaught()  # these trainings follow the network as it was before
    folder = Path(compression.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with memory_errors():
        source = "the trial's .onnx" if model else compression.notation
        start, images = begin(source, model, plan, Bench(given, setup.seed, report))
        made = compressed(
            start,
            plan.stages,
            dataset=images,
            seed=setup.seed,
            folder=folder,
            listener=_Counted([(stage["name"], plan.epochs_of(stage)) for stage in plan.stages], report),
            device=evaluator_of(setup, images).device,
            target=compression.told,
        )
    onnx = with_pixel_input(made.onnx, images).file if compression.pixels else made.onnx
    return CompressedFiles(made.file, onnx, made.report)


class _Counted:
    """Numbers the reports of all stages from 1, as those of one training. stages: name and number of epochs of each."""

    def __init__(self, stages: list[tuple[str, int]], report: Report) -> None:
        self._stages, self._report = stages, report
        self._stage, self._epoch = -1, 0

    def __call__(self, name: str, epoch: int, metrics: Metrics) -> None:
        if self._stage < 0 or name != self._stages[self._stage][0] or epoch <= self._epoch:
            names = [each for each, _ in self._stages]
            self._stage = names.index(name, self._stage + 1)
        self._epoch = epoch
        epochs = [count for _, count in self._stages]
        numbers = {STAGE: float(self._stage), TOTAL: float(sum(epochs))}
        self._report(sum(epochs[: self._stage]) + epoch, {**metrics, **numbers})
