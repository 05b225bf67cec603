"""Robust statistics: scales, fits and quantiles that a few wrong values hardly change. Needs numpy alone.

n: number of observations, p: number of columns. Units are the caller's: a scale has that of the values it is of, and
all weights are pure numbers.
"""

from math import ceil, inf
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

HUBER_ITERATIONS = 6
_HUBER_RIDGE = 1e-3
_MIN_THRESHOLD = 1e-6


def normal_half_width(coverage: float) -> float:
    """Half the width of the central interval of a standard normal: z with P(|Z| <= z) = coverage.

    z = Phi^-1((1 + coverage) / 2): 0.6745 for 0.5, 1.645 for 0.9.
    """
    return NormalDist().inv_cdf((1 + coverage) / 2)


def student_half_width(coverage: Values | float) -> Values:
    """As normal_half_width for Student's t with 4 degrees of freedom, in any shape; a closed form (Shaw 2006)."""
    root = np.sqrt(1 - np.square(coverage))
    return np.asarray(2 * np.sqrt(np.cos(np.arccos(root) / 3) / root - 1), np.float64)


def normal_scale(deviation: Values, *, coverage: float = 0.5, axis: int = 0) -> Values:
    """Standard deviation of normal deviations from zero, by the size that a share of them (coverage) does not exceed.

    quantile(|deviation|, coverage) / z(coverage); at 0.5, 1.4826 times the median absolute deviation. The axis is
    reduced. It is right while fewer than 1 - coverage of the deviations are wrong.
    """
    size = np.quantile(np.abs(deviation), coverage, axis=axis)
    return np.asarray(size / normal_half_width(coverage), np.float64)


def median_scale(values: Values) -> float:
    """Standard deviation of normal values [n] around their median: 1.4826 median(|x - median(x)|)."""
    return float(normal_scale(values - np.median(values)))


def column_medians(values: Values) -> Values:
    """Median of each column of values [n, p], nan left out: [p]; nan for a column without a number."""
    known = np.isfinite(values).any(axis=0)
    medians = np.full(values.shape[1], np.nan)
    medians[known] = np.nanmedian(values[:, known], axis=0)
    return medians


def student_weights(squared: Values, freedom: float) -> Values:
    """Weights of observations whose errors follow Student's t, by their squared standardised deviations; any shape.

    w = (freedom + 1) / (freedom + d^2): the expectation step of the fit (Lange, Little and Taylor 1989).
    """
    return np.asarray((freedom + 1) / (freedom + squared), np.float64)


def quadratic_form(rows: Values, matrix: Values) -> Values:
    """x' M x [n] for each row x of rows [n, p], with M [p, p]; if M is the covariance of weights, variances of x' w."""
    return np.asarray(np.einsum("ij,ij->i", rows @ matrix, rows))


def weighted_ridge(x: Values, y: Values, weights: Values, penalty: Values) -> tuple[Values, Values]:
    """Coefficients b [p] of x [n, p] to y [n], and their inverse normal matrix C [p, p].

    b = argmin sum_i weights_i (y_i - x_i b)^2 + sum_j penalty_j b_j^2 = C X' W y,  C = (X' W X + diag(penalty))^-1.
    With weights of 1 / variance and penalties of 1 / prior variance, C is the covariance of b given y.
    """
    weighted = x * weights[:, None]
    inverse = np.asarray(np.linalg.inv(weighted.T @ x + np.diag(penalty)), np.float64)
    return inverse @ (weighted.T @ y), inverse


def huber_regression(design: Values, target: Values, *, iterations: int = HUBER_ITERATIONS) -> tuple[Values, Values]:
    """Coefficients [1 + p], intercept first, of design [n, p] to target [n], and the leverage [n] of each row.

    Weights of Huber (1964), w = min(1, k / |residual|) with k the median |residual|, by iterated least squares with a
    ridge of 0.001 n on all but the intercept: columns should have unit deviation. leverage_i = w_i x_i' C x_i, the
    share of target_i in its own fit.
    """
    x = np.concatenate([np.ones((len(design), 1)), design], axis=1)
    penalty = np.full(x.shape[1], _HUBER_RIDGE * len(x))
    penalty[0] = 0
    weights = following = np.ones(len(x))
    for _ in range(iterations):
        weights = following
        coefficients, inverse = weighted_ridge(x, target, weights, penalty)
        size = np.abs(target - x @ coefficients)
        threshold = max(float(np.median(size)), _MIN_THRESHOLD)
        following = threshold / np.maximum(size, threshold)
    return coefficients, weights * quadratic_form(x, inverse)


def resistant_line(x: Values, y: Values, slopes: tuple[float, float] = (-inf, inf)) -> tuple[float, float]:
    """Slope and intercept of y [n] by x [n] through the medians of the lowest, middle and highest third by x.

    Tukey (1977): slope = (median(y_high) - median(y_low)) / (median(x_high) - median(x_low)), 1 where x does not vary,
    and the nearest of the allowed slopes (lowest, highest); intercept = median(y - slope x).
    """
    order = np.argsort(x)
    third = max(len(x) // 3, 1)
    low, high = order[:third], order[-third:]
    width = float(np.median(x[high]) - np.median(x[low]))
    slope = float(np.median(y[high]) - np.median(y[low])) / width if width > 0 else 1.0
    slope = min(max(slope, slopes[0]), slopes[1])
    return slope, float(np.median(y - slope * x))


def conformal_quantile(scores: Values, coverage: float) -> float:
    """The score that a new one stays below with this probability, of exchangeable scores [n] (Vovk et al. 2005).

    The ceil((n + 1) coverage)-th smallest; n must be at least coverage / (1 - coverage).
    """
    return float(np.sort(scores)[ceil((len(scores) + 1) * coverage) - 1])


def spearman(a: Values, b: Values) -> float:
    """Spearman's rank correlation of a [n] and b [n]: Pearson's of their ranks, equal values sharing theirs."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Values) -> Values:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - counts / 2)[place])
