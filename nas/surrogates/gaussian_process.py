"""Gaussian-process regression with hyperparameters of highest posterior density and noise by observation.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006): algorithm 2.1, equations 5.8 and 5.9.

Shapes: n networks observed, m networks to predict, C input columns.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from nas.surrogates.kernel import Hyperparameters, Indices, Kernel, Layout, Values

ITERATIONS = 15
JITTERS = (1e-8, 1e-6, 1e-4, 1e-2)
"""Shares of the mean variance that are added to the diagonal, one after the other, until a factor exists."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Mean, standard deviation and bounds of a logarithm of hyperparameters, which is normal."""

    mean: float
    deviation: float
    low: float
    high: float


RATE = Prior(-1.0, 1.0, -6.0, 3.0)
"""Its mean falls by RATE_FALL for each e-fold of the number of length scales, so that many decisions together vary as
much as few (arXiv:2402.02229)."""
RATE_FALL = 0.25
VARIANCE = Prior(-0.5, 1.0, -5.0, 3.0)
SLOPES = Prior(-3.0, 1.5, -8.0, 2.0)
NOISE = Prior(-4.0, 1.0, -9.0, 1.0)


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of n networks: inputs [n, C], means of the metric [n] over so many trainings [n] each."""

    inputs: Values
    values: Values
    repeats: Values

    def of(self, rows: Indices) -> "Observations":
        return Observations(self.inputs[rows], self.values[rows], self.repeats[rows])

    def believing(self, inputs: Values, values: Values) -> "Observations":
        """These and others [p, C], [p], as if each had been trained once."""
        both = ((self.inputs, inputs), (self.values, values), (self.repeats, np.ones(len(values))))
        return Observations(*(np.concatenate(each) for each in both))


@dataclass(frozen=True, slots=True)
class Prediction:
    """Means and deviations of the metric [m], without noise; whitened: L^-1 k(x, z) of algorithm 2.1 [n, m]."""

    mean: Values
    deviation: Values
    whitened: Values


class GaussianProcess:
    """The posterior of a metric given observations and hyperparameters."""

    def __init__(self, layout: Layout, hyper: Hyperparameters, seen: Observations) -> None:
        self.kernel = Kernel(layout, hyper)
        self.seen = seen
        self._centre, self._unit = float(np.mean(seen.values)), _unit(seen.values)
        covariance = self.kernel.between(seen.inputs, seen.inputs)
        self._factor = safe_cholesky(_noisy(covariance, hyper, seen.repeats))
        standard = (seen.values - self._centre) / self._unit
        self._weights: Values = cho_solve((self._factor, True), standard, check_finite=False)

    def mean(self, inputs: Values) -> Values:
        """[m] means at inputs [m, C]."""
        found: Values = self.kernel.between(inputs, self.seen.inputs) @ self._weights
        return found * self._unit + self._centre

    def predict(self, inputs: Values) -> Prediction:
        """The metric at inputs [m, C]."""
        across = self.kernel.between(self.seen.inputs, inputs)
        whitened = solve_triangular(self._factor, across, lower=True, check_finite=False)
        variance = self.kernel.variances(inputs) - np.einsum("nm,nm->m", whitened, whitened)
        deviation = np.sqrt(np.maximum(variance, 1e-12)) * self._unit
        return Prediction(self._weights @ across * self._unit + self._centre, deviation, whitened)

    def believing(self, inputs: Values) -> "GaussianProcess":
        """The posterior if networks [p, C] were trained and had their means: the same means, and less deviation."""
        if not len(inputs):
            return self
        return GaussianProcess(self.kernel.layout, self.kernel.hyper, self.seen.believing(inputs, self.mean(inputs)))

    @cached_property
    def noise_deviation(self) -> float:
        """Standard deviation of one training's result, in the metric's unit."""
        return float(np.exp(self.kernel.hyper.noise / 2)) * self._unit

    def covariance(self, inputs: Values, prediction: Prediction, place: int) -> Values:
        """[m] posterior covariances of all inputs [m, C], whose prediction this is, with the one at place."""
        prior = self.kernel.between(inputs, inputs[place : place + 1])[:, 0]
        explained: Values = prediction.whitened.T @ prediction.whitened[:, place]
        return (prior - explained) * self._unit**2


def fit(layout: Layout, seen: Observations, iterations: int = ITERATIONS, *, noise: Prior = NOISE) -> Hyperparameters:
    """The hyperparameters of highest posterior density that L-BFGS finds from the prior's mean.

    noise: what is known of the noise's variance, in those of the standardised observations. A function of its arguments
    alone, with no memory of earlier fits. O(iterations n^2 (n + C)).
    """
    priors = _priors(layout, noise)
    means, deviations = (np.array([getattr(p, name) for p in priors]) for name in ("mean", "deviation"))
    standard = (seen.values - np.mean(seen.values)) / _unit(seen.values)

    def loss(vector: Values) -> tuple[float, Values]:
        value, gradient = log_likelihood(layout, vector, seen, standard)
        z = (vector - means) / deviations
        return 0.5 * float(z @ z) - value, z / deviations - gradient

    bounds = [(p.low, p.high) for p in priors]
    found = minimize(loss, means, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": iterations})
    return Hyperparameters.of(found.x, layout)


def log_likelihood(layout: Layout, vector: Values, seen: Observations, standard: Values) -> tuple[float, Values]:
    """Log marginal likelihood but for a constant (eq. 5.8) of standardised values [n], and its gradient (eq. 5.9)."""
    hyper = Hyperparameters.of(vector, layout)
    kernel = Kernel(layout, hyper)
    x, distance = seen.inputs, kernel.distances(seen.inputs, seen.inputs)
    factor = safe_cholesky(_noisy(kernel.at(distance, x, x), hyper, seen.repeats))
    inverse = cho_solve((factor, True), np.eye(len(standard)), check_finite=False)
    weights = inverse @ standard
    value = -0.5 * float(standard @ weights) - float(np.sum(np.log(np.diag(factor))))
    slope = 0.5 * (np.outer(weights, weights) - inverse)
    noise = np.exp(hyper.noise) * float(np.sum(np.diag(slope) / seen.repeats))
    return value, np.append(kernel.gradient(x, distance, slope), noise)


def safe_cholesky(matrix: Values) -> Values:
    """The lower factor of a covariance matrix [n, n], with as little of JITTERS on its diagonal as is needed.

    LinAlgError if none is enough, as it is for numbers that are not finite.
    """
    unit = float(np.mean(np.diag(matrix)))
    for jitter in JITTERS[:-1]:
        try:
            return _factor(matrix, jitter * unit)
        except np.linalg.LinAlgError:
            continue
    return _factor(matrix, JITTERS[-1] * unit)


def _factor(matrix: Values, added: float) -> Values:
    factor: Values = cholesky(matrix + added * np.eye(len(matrix)), lower=True, check_finite=False)
    return factor


def _noisy(covariance: Values, hyper: Hyperparameters, repeats: Values) -> Values:
    """The covariance of observations, each the mean of so many trainings."""
    covariance[np.diag_indices(len(covariance))] += np.exp(hyper.noise) / repeats
    return covariance


def _unit(values: Values) -> float:
    """The standard deviation of values, or 1 where they are all equal."""
    return float(np.std(values)) or 1.0


def _priors(layout: Layout, noise: Prior) -> list[Prior]:
    fall = RATE_FALL * float(np.log(max(layout.scales, 1)))
    rate = Prior(RATE.mean - fall, RATE.deviation, RATE.low, RATE.high)
    return [*[rate] * layout.scales, VARIANCE, *[SLOPES] * layout.slopes, noise]
