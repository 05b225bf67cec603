"""The covariance of a metric between networks: slopes of all inputs plus a Matérn-5/2 kernel with many length scales.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006): sections 2.7 and 4.2, equation 5.9.

Shapes: n and m networks, C input columns, G groups that share a length scale, L groups that share a variance of slopes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.intp]

CONSTANT = 1.0
"""Prior variance of the mean, in those of the standardised observations."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which length scale [C] and which variance of slopes [C] each input column has, by number from 0."""

    scale_of: Indices
    slope_of: Indices

    @property
    def scales(self) -> int:
        return int(self.scale_of.max(initial=-1)) + 1

    @property
    def slopes(self) -> int:
        return int(self.slope_of.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Logarithms: of inverse length scales [G], the kernel's variance, slopes' variances [L], the noise's variance."""

    rates: Values
    variance: float
    slopes: Values
    noise: float

    @classmethod
    def of(cls, vector: Values, layout: Layout) -> "Hyperparameters":
        """From one vector [G + L + 2] with these parts in this order."""
        middle = layout.scales + 1
        return cls(vector[: middle - 1], float(vector[middle - 1]), vector[middle:-1], float(vector[-1]))


class Kernel:
    """The covariance for one layout and its hyperparameters."""

    def __init__(self, layout: Layout, hyper: Hyperparameters) -> None:
        self.layout, self.hyper = layout, hyper
        self._rates = np.exp(hyper.rates)[layout.scale_of]
        self._slopes = np.exp(hyper.slopes)[layout.slope_of]
        self._variance = np.exp(hyper.variance)

    def between(self, a: Values, b: Values) -> Values:
        """[n, m] covariances of the metric of networks a [n, C] and b [m, C], without noise."""
        return self.at(self.distances(a, b), a, b)

    def at(self, distance: Values, a: Values, b: Values) -> Values:
        """As between, if the distances are known."""
        local = self._variance * (1 + distance + distance * distance / 3) * np.exp(-distance)
        return np.asarray(local + (a * self._slopes) @ b.T + CONSTANT)

    def variances(self, a: Values) -> Values:
        """[n] variances: the diagonal of between(a, a)."""
        linear: Values = (a * a) @ self._slopes
        return np.asarray(linear + self._variance + CONSTANT)

    def gradient(self, x: Values, distance: Values, weights: Values) -> Values:
        """[G + L + 1] derivatives of sum(weights * between(x, x)) by the hyperparameters but the noise, in order.

        distance: of x and x; weights: [n, n], symmetric. By matrix products alone, as a squared distance is a sum over
        columns.
        """
        layout = self.layout
        decay = weights * (self._variance * np.exp(-distance))
        local = decay * (-5 / 6 * (1 + distance))
        spread = 2 * ((local.sum(axis=1) @ (x * x)) - np.einsum("nc,nc->c", x, local @ x))
        rates = np.bincount(layout.scale_of, 2 * self._rates**2 * spread, layout.scales)
        variance = np.sum(decay * (1 + distance + distance * distance / 3))
        linear = np.einsum("nc,nc->c", x, weights @ x) * self._slopes
        return np.concatenate([rates, [variance], np.bincount(layout.slope_of, linear, layout.slopes)])

    def distances(self, a: Values, b: Values) -> Values:
        """[n, m] distances in length scales, times the square root of 5."""
        a, b = a * self._rates, b * self._rates
        squares = np.sum(a * a, axis=1)[:, None] + np.sum(b * b, axis=1) - 2 * a @ b.T
        return np.asarray(np.sqrt(5 * np.maximum(squares, 0)))
