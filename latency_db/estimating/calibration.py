"""What whole networks say beyond the sum of their kernels.

    t = c0 + sum of kernels * exp(residual)

The residual is linear: a level, how it changes with the sum, what each kernel costs beside its own time, and what
weights cost that a cache cannot hold. A kernel that is measured again and again finds its weights in a cache, and a
large network does not; how much fits is not what data sheets say, so several sizes stand side by side. It is a ridge
regression, zero until whole networks are measured, and gives less weight to networks that no line explains (Student's
t).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.kernel_table import Sums
from latency_db.robust_statistics import (
    conformal_quantile,
    quadratic_form,
    student_half_width,
    student_weights,
    weighted_ridge,
)

Values = NDArray[np.float64]

CACHES_MB = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
LEVEL, SLOPE, KERNEL, UNCACHED = 0.05, 0.02, 0.05, 0.1
"""Prior standard deviations of the weights: a level of 5 %, 2 % for each factor e of the sum, a kernel costs 5 % of a
typical one beside its time, and a byte that is not cached a tenth of what a byte of the measured networks does."""

PRIOR = np.array([LEVEL, SLOPE, KERNEL, *[UNCACHED] * len(CACHES_MB)])

NOISE = 0.02
"""What is left of a relative error: 2 %, until networks show another, which counts as much as that of ten of them."""

FAR = 6.0  # Squared deviations, beyond which a network says no more of the noise.
FREEDOM = 4  # degrees of freedom of Student's t; student_half_width is for these
ROUNDS = 10
CONFIDENCE = 0.9

EXPECTED = student_half_width((np.arange(10) + 0.5) / 10)
"""Scores as of ten networks that are off as far as the model expects: the quantile of few scores alone is a lottery."""

_LEAST = 1e-6


class Predicted(NamedTuple):
    """Of one network, what Predictions are of many."""

    ms: float
    low_ms: float
    high_ms: float
    error_ms: float
    measured: float
    interpolated: float
    learned: float


class Predictions(NamedTuple):
    """One number a network. low_ms and high_ms: where 90 % of the networks are, measured end to end.

    The shares of what the latency rests on, which add up to 1: kernels that were measured, kernels that were
    interpolated, and what was learned from whole networks.
    """

    ms: Values
    low_ms: Values
    high_ms: Values
    error_ms: Values
    measured: Values
    interpolated: Values
    learned: Values

    def rows(self) -> Iterator[Predicted]:
        return map(Predicted._make, zip(*(column.tolist() for column in self), strict=True))


class Typical(NamedTuple):
    """Of the measured networks: the time of one, a kernel and a megabyte of weights, in ms; all 0 if there are none."""

    network: float
    kernel: float
    mb: float

    @classmethod
    def of(cls, sums: Sums) -> "Typical":
        kernel, mb = (
            float(np.median(sums.ms / np.maximum(count, _LEAST))) for count in (sums.kernels, sums.weights_mb)
        )
        return cls(float(np.exp(np.log(sums.ms).mean())), kernel, mb)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The residual's weights with their covariance, the variance of what it leaves, and how wide an interval is in
    standard deviations.
    """

    weights: Values
    covariance: Values
    noise: float
    width: float
    typical: Typical
    networks: int

    @classmethod
    def fit(cls, sums: Sums, measured_ms: Values, fixed_ms: float) -> "Calibration":
        """From whole networks and what their kernels add up to; there may be none. fixed_ms: of an empty run."""
        if not len(measured_ms):
            return cls.none()
        typical = Typical.of(sums)
        x, interpolated = _columns(sums, typical), _interpolated(sums)
        # A network that takes less than an empty run is as wrong as can be, but no reason to fail.
        y = np.log(np.maximum(measured_ms - fixed_ms, 0.1 * sums.ms) / sums.ms)
        noise, trust = NOISE**2, np.ones(len(y))
        for _ in range(ROUNDS):
            variance = noise + interpolated
            precision = trust / variance
            weights, covariance = weighted_ridge(x, y, precision, 1 / PRIOR**2)
            off = y - x @ weights
            spread = quadratic_form(x, covariance)
            left = 1 - spread * precision
            trust = student_weights(off**2 / variance, FREEDOM)
            found = np.clip(off**2 / left - interpolated, 0, FAR * noise)
            noise = (len(EXPECTED) * NOISE**2 + found.sum()) / (len(EXPECTED) + len(y))
        scores = np.abs(off) / left / np.sqrt(variance + spread / left)
        return cls(
            weights,
            covariance,
            noise,
            conformal_quantile(np.concatenate([scores, EXPECTED]), CONFIDENCE),
            typical,
            len(y),
        )

    @classmethod
    def none(cls) -> "Calibration":
        """Before any network was measured: no residual, and wide intervals, by how far it may be from there."""
        unknown = Typical(0.0, 0.0, 0.0)
        return cls(np.zeros(len(PRIOR)), np.diag(PRIOR**2), NOISE**2, float(student_half_width(CONFIDENCE)), unknown, 0)

    def predict(self, sums: Sums, fixed_ms: float, fixed_var: float) -> Predictions:
        """Of networks by what their kernels add up to. fixed_var: squared error of fixed_ms."""
        x, total = _columns(sums, self.typical), sums.ms
        factor = np.exp(x @ self.weights)
        spread = np.sqrt(self.noise + _interpolated(sums) + quadratic_form(x, self.covariance))
        wide = np.exp(self.width * spread)
        learned = np.abs(total * (factor - 1))
        whole = fixed_ms + total + learned
        return Predictions(
            fixed_ms + total * factor,
            fixed_ms + total * factor / wide,
            fixed_ms + total * factor * wide,
            np.sqrt(fixed_var + sums.repeat_var),
            (fixed_ms + sums.measured_ms) / whole,
            sums.interpolated_ms / whole,
            learned / whole,
        )


def _columns(sums: Sums, typical: Typical) -> Values:
    """What the residual is linear in. Where no network says what is typical, slope and kernels are left out."""
    total = sums.ms
    slope = np.log(total / typical.network) if typical.network else np.zeros_like(total)
    own = sums.kernels * typical.kernel / total
    cost = typical.mb / total if typical.mb else 1 / np.maximum(sums.weights_mb, CACHES_MB[0])
    uncached = np.maximum(sums.weights_mb[:, None] - CACHES_MB, 0) * cost[:, None]
    return np.column_stack([np.ones_like(total), slope, own, uncached])


def _interpolated(sums: Sums) -> Values:
    """Squared relative error of what is interpolated."""
    return np.asarray(sums.interpolated_var / sums.ms**2)
