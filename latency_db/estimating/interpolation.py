"""Gaussian-process regression, by which unmeasured kernels are interpolated (Rasmussen and Williams 2006, section 2.2).

Covariance: Matern 5/2 plus linear plus constant, over standardised features. Length scale and noise maximise the
evidence. Shapes: n rows to learn from, m rows to predict, d features.
"""

from dataclasses import dataclass

import numpy as np

from latency_db.robust_statistics import Values

MAX_ROWS = 1000
"""Maximum number of rows to learn from: the time to solve grows with its cube."""

SELECTION_ROWS = 300
"""Rows by which length scale and noise are selected."""

LENGTH_SCALES = (1.0, 2.0, 4.0)
NOISE_VARIANCES = (1e-4, 1e-3, 1e-2)
CONSTANT_VARIANCE = 10.0


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A fitted process. mean, scale: of the features, [d]. rows: standardised features, [n, d]. factor: Cholesky factor
    of their covariance, [n, n]. weights: inverse covariance times the centred targets, [n]. variance: scale of the
    covariance.
    """

    mean: Values
    scale: Values
    rows: Values
    target_mean: float
    weights: Values
    factor: Values
    variance: float
    length_scale: float
    noise_variance: float

    @classmethod
    def fit(cls, features: Values, targets: Values) -> "GaussianProcess":
        """Fit to features [n, d] and targets [n], with n at most MAX_ROWS."""
        mean, scale = features.mean(0), features.std(0)
        scale = np.where(scale > 0, scale, np.inf)
        rows, target_mean = (features - mean) / scale, float(targets.mean())
        some = np.linspace(0, len(rows) - 1, min(SELECTION_ROWS, len(rows))).astype(np.int64)
        length_scale, noise = max(
            ((length_scale, noise) for length_scale in LENGTH_SCALES for noise in NOISE_VARIANCES),
            key=lambda pair: _solve(rows[some], targets[some] - target_mean, *pair)[2],
        )
        factor, weights, _ = _solve(rows, targets - target_mean, length_scale, noise)
        variance = float((targets - target_mean) @ weights / len(rows))
        return cls(mean, scale, rows, target_mean, weights, factor, variance, length_scale, noise)

    def predict(self, features: Values) -> tuple[Values, Values]:
        """Means and standard deviations, each [m], in the unit of the targets. features: [m, d]."""
        wanted = (features - self.mean) / self.scale
        cross = _covariance(wanted, self.rows, self.length_scale)
        explained = np.linalg.solve(self.factor, cross.T)
        prior = 1 + np.mean(wanted**2, axis=1) + CONSTANT_VARIANCE
        left = prior - np.sum(explained**2, axis=0) + self.noise_variance
        deviations = np.sqrt(self.variance * np.maximum(left, self.noise_variance))
        return self.target_mean + cross @ self.weights, deviations


def _solve(rows: Values, targets: Values, length_scale: float, noise: float) -> tuple[Values, Values, float]:
    """Cholesky factor [n, n], weights [n], and the log evidence at the most likely scale of the covariance."""
    covariance = _covariance(rows, rows, length_scale) + noise * np.eye(len(rows))
    factor = np.asarray(np.linalg.cholesky(covariance), np.float64)
    weights = np.asarray(np.linalg.solve(factor.T, np.linalg.solve(factor, targets)), np.float64)
    variance = targets @ weights / len(rows)
    return factor, weights, float(-len(rows) / 2 * np.log(variance + 1e-12) - np.log(np.diag(factor)).sum())


def _covariance(a: Values, b: Values, length_scale: float) -> Values:
    """Covariance [m, n] between the rows of a [m, d] and b [n, d]."""
    products = a @ b.T / a.shape[1]
    squares = np.mean(a**2, axis=1)[:, None] + np.mean(b**2, axis=1)[None] - 2 * products
    distance = np.sqrt(5 * np.maximum(squares, 0)) / length_scale
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance) + products + CONSTANT_VARIANCE)
