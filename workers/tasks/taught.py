"""What the trainings of a search follow beside the labels: the scores of its teacher, from a file."""

from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.dataset import Dataset
from nas.image_set.soft_labels import SoftLabels

SoftScores = NDArray[np.float16]
"""Log-probabilities [N, K], as nas.image_set.soft_labels has them."""


@dataclass(frozen=True, slots=True)
class Taught:
    """file: of the soft labels of the training images, on the worker's machine.

    The rest is of nas.image_set.soft_labels, and which trainings follow them.
    """

    file: str
    temperature: float
    weight: float
    digest: str
    trials: bool
    finalists: bool


def taught_images(images: Dataset, taught: Taught) -> Dataset:
    """The images with their soft labels."""
    return replace(images, train=replace(images.train, soft=_soft_labels(taught)))


@lru_cache(maxsize=1)
def _soft_labels(taught: Taught) -> SoftLabels:
    found = unpacked(Path(taught.file).read_bytes())
    return SoftLabels(found, taught.temperature, taught.weight, taught.digest)


def packed(log_probabilities: SoftScores) -> bytes:
    """The file of soft labels [N, K]."""
    buffer = BytesIO()
    np.save(buffer, log_probabilities, allow_pickle=False)
    return buffer.getvalue()


def unpacked(content: bytes) -> SoftScores:
    found: SoftScores = np.load(BytesIO(content), allow_pickle=False)
    return found
