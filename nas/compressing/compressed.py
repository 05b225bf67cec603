"""A whole compression: a model, a plan, and the files that come out, with what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nas.compressing.chain import Listener, Stage, chain
from nas.compressing.files import unpacked
from nas.compression.device_latencies import TargetDevice
from nas.compression.model import Model
from nas.dataset import Dataset
from nas.export import accuracy
from nas.files import write_whole
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.limits import FLOAT_BYTES


@dataclass(frozen=True, slots=True)
class Compressed:
    """model: after all stages. file: the compressed file, .naz. onnx: what it unpacks to. report: of both, as JSON."""

    model: Model
    file: bytes
    onnx: bytes
    report: dict[str, Any]

    def write(self, folder: Path) -> None:
        """Put model.naz and model.onnx into a folder."""
        write_whole(folder / "model.naz", self.file)
        write_whole(folder / "model.onnx", self.onnx)


def compressed(
    start: Model,
    stages: Sequence[Mapping[str, Any]],
    *,
    dataset: Dataset,
    seed: int,
    folder: Path,
    listener: Listener,
    device: str = "cpu",
    teacher: Model | None = None,
    target: TargetDevice | None = None,
) -> Compressed:
    """The model after all stages, as files that are tested on the test images. The arguments are those of chain."""
    model, files, done = start, [], []
    for step in chain(
        start,
        stages,
        dataset=dataset,
        seed=seed,
        folder=folder,
        listener=listener,
        device=device,
        teacher=teacher,
        target=target,
    ):
        model = step.model
        files.append(step.file)
        done.append(step.stage)
    onnx = unpacked(files[-1])
    accuracies = (accuracy(file, dataset, start.network) for file in (unpacked(files[0]), onnx))
    return Compressed(model, files[-1], onnx, _report(start.network, done, *accuracies))


def _report(network: Network, stages: Sequence[Stage], accuracy_before: float, accuracy_after: float) -> dict[str, Any]:
    """Accuracies on the test images are of the files."""
    fp32 = FLOAT_BYTES * network_cost(network).params
    return {
        "size_bytes": stages[-1].size_bytes,
        "fp32_bytes": fp32,
        "ratio": fp32 / stages[-1].size_bytes,
        "test_accuracy_before": accuracy_before,
        "test_accuracy": accuracy_after,
        "stages": [asdict(stage) for stage in stages],
    }
