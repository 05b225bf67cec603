"""Soft labels: what a teacher says of images, for a network to follow beside their classes (arXiv:1503.02531).

Shapes: N images, K classes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

TEMPERATURE = 4.0
"""What scores are divided by before they become probabilities that a network is to follow, unless a user says so."""


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """log_probabilities: of each class, float16 [N, K]; they stand for the teacher's scores, from which they differ by
    one number an image.

    weight: the share of the loss that follows them, in (0, 1]; the rest is of the labels. digest: content id of the
    teacher, of how it was run, and of temperature and weight.
    """

    log_probabilities: NDArray[np.float16]
    temperature: float
    weight: float
    digest: str

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> "SoftLabels":
        return replace(self, log_probabilities=self.log_probabilities[chosen])
