"""Calibration of kernel sums by whole networks that were measured end to end on the same device.

    latency = latency of the empty model + sum of kernels * exp(residual)

The residual is linear in: a level; the logarithm of the sum; the number of kernels; and the weights that exceed each of
several cache sizes. The last is needed because a kernel that is timed repeatedly finds its weights in a cache, while
those of a large network do not fit; data sheets do not say how much fits. The fit is a Bayesian ridge regression whose
residual is zero until networks are measured, with Student's t errors, so that outliers among the networks count less.

A calibrating network's latency is the consensus of its sessions, mostly the fastest where they disagree. An interval is
of what one more session measures, so it also holds how far single sessions are from their consensus.

Shapes: n networks, k = 9 columns of the residual.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from latency_db.estimating.kernel_table import KernelSums
from latency_db.robust_statistics import (
    Values,
    conformal_quantile,
    normal_half_width,
    quadratic_form,
    student_half_width,
    student_weights,
    weighted_ridge,
)

V = TypeVar("V", float, Values)

CACHES_MB = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
LEVEL_STD, SLOPE_STD, KERNEL_STD, UNCACHED_STD = 0.05, 0.02, 0.05, 0.1
"""Prior standard deviations: a level of 5 %; 2 % for each factor e of the sum; per kernel 5 % of the time of a typical
one; per byte beyond a cache 10 % of the mean time per byte in the measured networks."""

PRIOR_STD = np.array([LEVEL_STD, SLOPE_STD, KERNEL_STD, *[UNCACHED_STD] * len(CACHES_MB)])

NOISE_STD = 0.02
"""Relative error that the residual leaves, before any network is measured."""

NOISE_NETWORKS = 4
"""NOISE_STD counts as much as so many networks: with more, 20 networks of a larger error have too narrow intervals."""

MAX_NOISE_RATIO = 6.0
"""The squared error of one network contributes to the noise at most this multiple of the noise."""

DEGREES_OF_FREEDOM = 4
"""Degrees of freedom of Student's t, the same as in student_half_width."""

ITERATIONS = 10
CONFIDENCE = 0.9

PRIOR_SCORES = student_half_width((np.arange(10) + 0.5) / 10)
"""Scores of ten networks if the model is right, [10]. Added to few measured scores, they steady the quantile."""

_MIN_COUNT = 1e-6


class Predicted(NamedTuple, Generic[V]):
    """Latencies of networks: V is float for one of them, or an array [n] for n.

    low_ms, high_ms: 90 % interval of the latency that one session measures end to end. error_ms: repeatability of the
    measurements, one standard deviation. measured, interpolated, learned: shares of the latency that rest on measured
    kernels, interpolated kernels and whole networks; they add up to 1.
    """

    ms: V
    low_ms: V
    high_ms: V
    error_ms: V
    measured: V
    interpolated: V
    learned: V


Predictions = Predicted[Values]


def one_by_one(predictions: Predictions) -> Iterator[Predicted[float]]:
    """The prediction of each network as numbers."""
    return itertools.starmap(Predicted[float], zip(*(column.tolist() for column in predictions), strict=True))


class Typical(NamedTuple):
    """Milliseconds of a typical measured network, of a kernel and of a megabyte of weights; all 0 if there are none."""

    network: float
    kernel: float
    mb: float

    @classmethod
    def of(cls, sums: KernelSums) -> "Typical":
        kernel, mb = (
            float(np.median(sums.ms / np.maximum(count, _MIN_COUNT))) for count in (sums.kernels, sums.weights_mb)
        )
        return cls(float(np.exp(np.log(sums.ms).mean())), kernel, mb)


class SessionSpread(NamedTuple):
    """How far single sessions are from the consensus of a network: relative standard deviations below and above it."""

    faster: float = 0.0
    slower: float = 0.0

    @classmethod
    def of(cls, deviations: Values) -> "SessionSpread":
        """The spread of log(session / consensus) [n]: its 5 and 95 % quantiles, as if each side were normal."""
        if not len(deviations):
            return cls()
        low, high = np.quantile(deviations, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)).tolist()
        half_width = normal_half_width(CONFIDENCE)
        return cls(max(-low, 0.0) / half_width, max(high, 0.0) / half_width)


STEADY = SessionSpread()


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted residual.

    weights: [k], with covariance [k, k]. noise: relative variance that the residual leaves. width: half-width of a 90 %
    interval, in standard deviations. networks: how many it was fitted to.
    """

    weights: Values
    covariance: Values
    noise: float
    width: float
    typical: Typical
    networks: int

    @classmethod
    def fit(cls, sums: KernelSums, measured_ms: Values, fixed_ms: float) -> "Calibration":
        """Fit to the kernel sums and the end-to-end latencies [n] of whole networks; n may be 0.

        fixed_ms: latency of the empty model.
        """
        if not len(measured_ms):
            return cls.none()
        typical = Typical.of(sums)
        x, interpolated = _columns(sums, typical), _interpolation_variance(sums)
        # A network that takes less than an empty run was measured wrong: it is bounded here, and counts as an outlier.
        y = np.log(np.maximum(measured_ms - fixed_ms, 0.1 * sums.ms) / sums.ms)
        noise, trust = NOISE_STD**2, np.ones(len(y))
        for _ in range(ITERATIONS):
            variance = noise + interpolated
            precision = trust / variance
            weights, covariance = weighted_ridge(x, y, precision, 1 / PRIOR_STD**2)
            error = y - x @ weights
            spread = quadratic_form(x, covariance)
            left = 1 - spread * precision
            trust = student_weights(error**2 / variance, DEGREES_OF_FREEDOM)
            found = np.clip(error**2 / left - interpolated, 0, MAX_NOISE_RATIO * noise)
            noise = (NOISE_NETWORKS * NOISE_STD**2 + found.sum()) / (NOISE_NETWORKS + len(y))
        # Errors with the network left out of the fit, in standard deviations.
        scores = np.abs(error) / left / np.sqrt(variance + spread / left)
        width = conformal_quantile(np.concatenate([scores, PRIOR_SCORES]), CONFIDENCE)
        return cls(weights, covariance, noise, width, typical, len(y))

    @classmethod
    def none(cls) -> "Calibration":
        """The calibration before any network is measured: the residual is 0, and its prior gives the intervals."""
        width = float(student_half_width(CONFIDENCE))
        return cls(np.zeros(len(PRIOR_STD)), np.diag(PRIOR_STD**2), NOISE_STD**2, width, Typical(0.0, 0.0, 0.0), 0)

    def predict(
        self, sums: KernelSums, fixed_ms: float, fixed_var_ms2: float, sessions: SessionSpread = STEADY
    ) -> Predictions:
        """Latencies of networks with these kernel sums. fixed_var_ms2: variance between measurements of fixed_ms."""
        x, total = _columns(sums, self.typical), sums.ms
        factor = np.exp(x @ self.weights)
        variance = self.noise + _interpolation_variance(sums) + quadratic_form(x, self.covariance)
        below, above = (np.exp(self.width * np.sqrt(variance + std**2)) for std in sessions)
        learned = np.abs(total * (factor - 1))
        whole = fixed_ms + total + learned
        return Predictions(
            fixed_ms + total * factor,
            fixed_ms + total * factor / below,
            fixed_ms + total * factor * above,
            np.sqrt(fixed_var_ms2 + sums.repeat_var_ms2),
            (fixed_ms + sums.measured_ms) / whole,
            sums.interpolated_ms / whole,
            learned / whole,
        )


def _columns(sums: KernelSums, typical: Typical) -> Values:
    """The columns of the residual, [n, k]. Those for the sum and the kernels are 0 before any network was measured."""
    total = sums.ms
    slope = np.log(total / typical.network) if typical.network else np.zeros_like(total)
    own = sums.kernels * typical.kernel / total
    cost = typical.mb / total if typical.mb else 1 / np.maximum(sums.weights_mb, CACHES_MB[0])
    uncached = np.maximum(sums.weights_mb[:, None] - CACHES_MB, 0) * cost[:, None]
    return np.column_stack([np.ones_like(total), slope, own, uncached])


def _interpolation_variance(sums: KernelSums) -> Values:
    """Relative variance of the sum by its interpolated kernels, [n]."""
    return np.asarray(sums.interpolated_var_ms2 / sums.ms**2)
