"""A model as a compressed file."""

from typing import Any

from nas.compression.model import Model
from nas.container.file import write
from nas.dataset import Dataset
from nas.ops.weights import StateWeights


def packed(model: Model, dataset: Dataset) -> bytes:
    """The model as a compressed file (nas.container), which says which images and classes it is for."""
    properties: dict[str, Any] = {
        "classes": list(dataset.classes),
        "size": dataset.stored_side,
        "mean": list(dataset.mean),
        "std": list(dataset.std),
    }
    if model.integers:
        properties |= {"integers": model.integers.described()}
    return write(model.network, StateWeights(model.weights()), properties, model.storage)
