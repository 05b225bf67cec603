"""Gaussian-process regression for what lies between measurements (Rasmussen and Williams 2006, section 2.2).

Covariance: Matern 5/2 plus linear plus constant, over features of unit deviation; its length and noise by the evidence.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MOST = 1000
"""Rows that are learned from: solving for more takes long."""

CHOICE_ROWS = 300
LENGTHS = (1.0, 2.0, 4.0)
NOISES = (1e-4, 1e-3, 1e-2)
CONSTANT_VARIANCE = 10.0


@dataclass(frozen=True, slots=True)
class Interpolation:
    """What was learned of one number from features; plain arrays."""

    center: Values
    scale: Values
    rows: Values
    mean: float
    weights: Values
    factor: Values
    variance: float
    length: float
    noise: float

    @classmethod
    def fit(cls, features: Values, numbers: Values) -> "Interpolation":
        """From rows of features with their numbers, of which there are MOST at most."""
        center, scale = features.mean(0), features.std(0)
        scale = np.where(scale > 0, scale, np.inf)
        rows, mean = (features - center) / scale, float(numbers.mean())
        few = np.linspace(0, len(rows) - 1, min(CHOICE_ROWS, len(rows))).astype(np.int64)
        length, noise = max(
            ((length, noise) for length in LENGTHS for noise in NOISES),
            key=lambda setting: _solve(rows[few], numbers[few] - mean, *setting)[2],
        )
        factor, weights, _ = _solve(rows, numbers - mean, length, noise)
        variance = float((numbers - mean) @ weights / len(rows))
        return cls(center, scale, rows, mean, weights, factor, variance, length, noise)

    def predict(self, features: Values) -> tuple[Values, Values]:
        """The number and its standard deviation, one a row."""
        wanted = (features - self.center) / self.scale
        cross = _covariance(wanted, self.rows, self.length)
        explained = np.linalg.solve(self.factor, cross.T)
        prior = 1 + np.mean(wanted**2, axis=1) + CONSTANT_VARIANCE
        spread = prior - np.sum(explained**2, axis=0) + self.noise
        return self.mean + cross @ self.weights, np.sqrt(self.variance * np.maximum(spread, self.noise))


def _solve(rows: Values, numbers: Values, length: float, noise: float) -> tuple[Values, Values, float]:
    """Cholesky factor and weights, and the log evidence, the scale of the covariance being the likeliest."""
    factor = np.asarray(np.linalg.cholesky(_covariance(rows, rows, length) + noise * np.eye(len(rows))), np.float64)
    weights = np.asarray(np.linalg.solve(factor.T, np.linalg.solve(factor, numbers)), np.float64)
    variance = numbers @ weights / len(rows)
    return factor, weights, float(-len(rows) / 2 * np.log(variance + 1e-12) - np.log(np.diag(factor)).sum())


def _covariance(a: Values, b: Values, length: float) -> Values:
    products = a @ b.T / a.shape[1]
    squares = np.mean(a**2, axis=1)[:, None] + np.mean(b**2, axis=1)[None] - 2 * products
    distance = np.sqrt(5 * np.maximum(squares, 0)) / length
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance) + products + CONSTANT_VARIANCE)
