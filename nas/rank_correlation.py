"""Rank correlation of two lists of numbers (Kendall, Biometrika 30, 1938)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh

from nas.proportions import Z95

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
    from scipy.stats import kendalltau  # noqa: PLC0415 - it takes long to import

    n = len(one)
    if n < FEW or len({*one}) == 1 or len({*other}) == 1:
        return None
    tau = float(kendalltau(one, other).statistic)
    most = 1 - 2 / (n * (n - 1))
    centre, half = atanh(min(max(tau, -most), most)), Z95 * sqrt(0.437 / (n - 4))
    return RankCorrelation(tau, min(tanh(centre - half), tau), max(tanh(centre + half), tau), n)


def partial_tau(one_other: float, one_given: float, other_given: float) -> float:
    """The tau of two lists beside what both have from a third one (Kendall, Biometrika 32, 1942).

    one_other and so on are the taus of two lists each; of the third with the others, neither may be 1 or -1.
    """
    return (one_other - one_given * other_given) / sqrt((1 - one_given**2) * (1 - other_given**2))
