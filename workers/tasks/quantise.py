"""Turn the .onnx of a trained network into one in 8-bit integers, and test the file."""

from nas.dataset import Dataset
from nas.trial import Report
from workers.tasks.train import Finalised, Setup, images_of


def quantise(setup: Setup, shared: Dataset | None, model: bytes, recipe: str, *, report: Report) -> Finalised:  # noqa: ARG001 - a task
    """The file by a recipe of nas.quantization, calibrated on training images, with its test accuracy.

    Its difference is that to the scores of the given file. CompressionError if it cannot be quantised.
    """
    from nas.export import in_integers  # noqa: PLC0415 - torch is the workers' own

    made = in_integers(model, images_of(setup, shared), recipe)
    metrics = {
        "test_accuracy": made.test_accuracy,
        "max_abs_difference": made.max_abs_difference,
        "size_bytes": len(made.file),
    }
    return metrics, made.file
