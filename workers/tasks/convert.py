"""Convert a finalist: to the format of its device's runtime, or to a file that takes pictures; and test the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.formats import format_of
from latency_db.devices.local import DEFAULT_RUNTIME
from latency_db.devices.runtime import LoadedModel, runtime
from nas.dataset import Dataset
from nas.errors import ExportError
from nas.ops.notation import read_network
from nas.trial import Report
from workers.tasks.train import Finalised, Setup, images_of

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Converted:
    """A file in the runtime's own format, and its test in that runtime.

    test_accuracy: on the test images. max_abs_difference: the largest difference between its scores and those of the
    .onnx in ONNX Runtime, on the first test images.
    """

    file: bytes
    runtime: str
    runtime_version: str
    test_accuracy: float
    max_abs_difference: float

    @property
    def metrics(self) -> dict[str, float]:
        return {
            "test_accuracy": self.test_accuracy,
            "max_abs_difference": self.max_abs_difference,
            "size_bytes": len(self.file),
        }


@dataclass(frozen=True, slots=True)
class Conversion:
    """A network with its .onnx, and the name of the runtime whose file it is to become."""

    notation: str
    model: bytes
    runtime: str


def convert(setup: Setup, shared: Dataset | None, wanted: Conversion, *, report: Report) -> Converted:  # noqa: ARG001 - a task
    """The runtime's file of a trained network. MeasurementError if the runtime refuses it.

    ExportError if the runtime is not installed where this runs, with the remedy, or if it computes something else.
    """
    made = runtime.make(wanted.runtime)
    reason = made.unavailable()
    if reason:
        raise ExportError(f"{reason} where trials are trained, and export it again as {format_of(type(made))}")
    session = made.load(wanted.model, setup.threads)
    onnx = runtime.make(DEFAULT_RUNTIME).load(wanted.model, setup.threads)
    images = images_of(setup, shared)
    difference = _difference(session, onnx, _test_images(images, wanted.notation))
    accuracy = _accuracy(session, _test_images(images, wanted.notation))
    return Converted(made.export(wanted.model), made.name, made.version(), accuracy, difference)


def take_pictures(setup: Setup, shared: Dataset | None, model: bytes, *, report: Report) -> Finalised:  # noqa: ARG001 - a task
    """The .onnx of a finalist as one that takes pictures (ModelInput.UINT8), tested on the test images.

    Its difference is that to the given file. ExportError if it computes something else.
    """
    from nas.export import with_pixel_input  # noqa: PLC0415 - torch is the workers' own

    made = with_pixel_input(model, images_of(setup, shared))
    metrics = {
        "test_accuracy": made.test_accuracy,
        "max_abs_difference": made.max_abs_difference,
        "size_bytes": len(made.file),
    }
    return metrics, made.file


def _test_images(images: Dataset, notation: str) -> Iterator[tuple[Image, int]]:
    """The test images as the network's input, [1, C, H, W] each, with their class numbers."""
    from nas.export import test_batches  # noqa: PLC0415 - torch is the workers' own

    for batch, labels in test_batches(images, read_network(notation)):
        for image, label in zip(batch.contiguous().numpy(), labels.tolist(), strict=True):
            yield image[None], label


def _difference(session: LoadedModel, onnx: LoadedModel, images: Iterator[tuple[Image, int]]) -> float:
    from nas.export import PARITY_IMAGES, check_parity  # noqa: PLC0415 - as above

    some = [image for image, _ in islice(images, PARITY_IMAGES)]
    expected = np.concatenate([onnx.scores(image) for image in some])
    difference = float(np.abs(np.concatenate([session.scores(image) for image in some]) - expected).max())
    check_parity(difference, float(np.abs(expected).max()), "ONNX Runtime")
    return difference


def _accuracy(session: LoadedModel, images: Iterator[tuple[Image, int]]) -> float:
    return float(np.mean([session.scores(image).argmax() == label for image, label in images]))
