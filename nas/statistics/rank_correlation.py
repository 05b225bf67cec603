"""Rank correlation of two lists of numbers (Kendall, Biometrika 30, 1938)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import NDArray

from nas.statistics.proportions import Z95

Values = NDArray[np.float64]

ROUNDING = 1e-9

FEW = 6
"""Pairs without which nothing is said."""


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Kendall's tau-b of n pairs with its 95 % interval; 1 if both lists have the same order, -1 if opposite ones."""

    tau: float
    low: float
    high: float
    n: int


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> RankCorrelation | None:
    """None for fewer than FEW pairs, or if all numbers of a list are equal.

    The interval takes atanh(tau) to be normal with the variance 0.437 / (n - 4) (Fieller, Hartley and Pearson,
    Biometrika 44, 1957), which is good enough for |tau| < 0.8; a perfect order counts as one with half a pair swapped.
    """
    n = len(one)
    if n < FEW or len({*one}) == 1 or len({*other}) == 1:
        return None
    from scipy.stats import kendalltau  # noqa: PLC0415 - it takes long to import

    tau = float(kendalltau(one, other).statistic)
    most = 1 - 2 / (n * (n - 1))
    centre, half = atanh(min(max(tau, -most), most)), Z95 * sqrt(0.437 / (n - 4))
    return RankCorrelation(tau, min(tanh(centre - half), tau), max(tanh(centre + half), tau), n)


def times_in_100(tau: float) -> str:
    """How often two lists have the same order of two of their numbers, in words; ties aside."""
    return f"about {100 * (1 + tau) / 2:.0f} times in 100"


def partial_tau(one_other: float, one_given: float, other_given: float) -> float:
    """partial_taus of single numbers."""
    return float(partial_taus(*(np.array([tau]) for tau in (one_other, one_given, other_given)))[0])


def partial_taus(one_other: Values, one_given: Values, other_given: Values) -> Values:
    """The taus [B] of two lists beside what both have from a third one (Kendall, Biometrika 32, 1942).

    one_other and so on are the taus [B] of two lists each. NaN where the third has the order of one of the others, or
    the opposite one.
    """
    scale = np.sqrt(np.maximum(0.0, (1 - one_given**2) * (1 - other_given**2)))
    return divided(one_other - one_given * other_given, scale)


def divided(values: Values, scale: Values) -> Values:
    """values / scale, [B] each; NaN where the scale is 0 but for rounding."""
    found = np.full(len(values), np.nan)
    is_defined = scale > ROUNDING
    found[is_defined] = values[is_defined] / scale[is_defined]
    return found
