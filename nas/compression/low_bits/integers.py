"""Networks in 8-bit integers: calibrated on training images, by the recipe that is fastest here."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from nas.dataset import Dataset
from nas.quantization.qdq import activation_ranges, quantised
from nas.quantization.recipes import RECIPES, StaticQuantization
from nas.quantization.saturation import saturates
from nas.quantization.timing import latencies_ms
from nas.training.batches import normalised
from nas.training.file_score import evaluate_file

CALIBRATION_IMAGES = 256
BATCH_SIZE = 16
"""Small, as all tensors of a network are held at once."""

TOLERANCE = 0.005
"""How much validation accuracy a faster recipe may cost, against the most accurate one."""

ALIKE = 0.03
"""Latencies that differ by less are alike: the first of the recipes is taken."""


def calibration_images(dataset: Dataset, resolution: int) -> Iterator[NDArray[np.float32]]:
    """Training images as a network takes them, [n, C, resolution, resolution] each, drawn evenly from the split."""
    count = min(CALIBRATION_IMAGES, len(dataset.train))
    chosen = dataset.train[np.linspace(0, len(dataset.train) - 1, count).astype(np.int64)]
    for start in range(0, count, BATCH_SIZE):
        images: torch.Tensor = normalised(
            chosen.images[start : start + BATCH_SIZE], dataset.mean, dataset.std, resolution
        )
        yield images.contiguous().numpy()


def calibrated(model: bytes, recipe: str, dataset: Dataset, resolution: int) -> StaticQuantization:
    """The ranges of a float32 ONNX model's activations on training images. CompressionError if it cannot be run."""
    return StaticQuantization(recipe, activation_ranges(model, calibration_images(dataset, resolution)))


def fastest(model: bytes, dataset: Dataset, resolution: int) -> str:
    """The recipe by which a float32 ONNX model is fastest in ONNX Runtime on one thread of this machine.

    Left out are recipes that saturate here, and those that cost more than TOLERANCE of accuracy on validation.
    """
    ranges = calibrated(model, "", dataset, resolution).ranges
    names = [name for name, recipe in RECIPES.items() if not (recipe.may_saturate and saturates())]
    files = {name: quantised(model, StaticQuantization(name, ranges)) for name in names}
    images = (dataset.validation, dataset.mean, dataset.std, resolution)
    accuracies = {name: evaluate_file(file, *images).accuracy for name, file in files.items()}
    lowest = max(accuracies.values()) - TOLERANCE
    latencies = latencies_ms({name: file for name, file in files.items() if accuracies[name] >= lowest})
    return next(name for name, latency in latencies.items() if latency <= (1 + ALIKE) * min(latencies.values()))
