"""The accuracy that a loss lets expect: a monotone curve, so that networks are ranked by their loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean

FLATTEST, STEEPEST = 0.25, 4.0
"""Bounds of the exponent, for spaces whose networks have learned nothing, or all the same."""

LEAST = 1e-6
"""Nearest to 0 and 1 that an accuracy is taken for."""


@dataclass(frozen=True, slots=True)
class ExpectedAccuracy:
    """log(1 / accuracy) = scale * loss ^ exponent: an accuracy of 1 without loss, which falls as the loss rises.

    The loss is a mean cross-entropy in nats. It counts by how much each image is judged right or wrong, and so differs
    less by chance than the number of images that are right.
    """

    scale: float
    exponent: float

    def of(self, loss: float) -> float:
        """A fraction, the larger the smaller the loss is."""
        return exp(-self.scale * max(loss, 0.0) ** self.exponent)


def fitted(losses: Sequence[float], accuracies: Sequence[float]) -> ExpectedAccuracy:
    """The curve through networks with these losses and shares of right images, by least squares of the logarithms."""
    x = [log(max(loss, LEAST)) for loss in losses]
    y = [log(-log(min(max(accuracy, LEAST), 1 - LEAST))) for accuracy in accuracies]
    mean_x, mean_y = fmean(x), fmean(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread if spread else 1.0
    exponent = min(STEEPEST, max(FLATTEST, slope))
    return ExpectedAccuracy(exp(mean_y - exponent * mean_x), exponent)
