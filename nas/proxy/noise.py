"""The noise of a training: how far repeats of it differ, and what that does to the order of networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from nas.proxy.ranks import BOUNDS, Uncertain
from nas.statistics.rank_correlation import Values


@dataclass(frozen=True, slots=True)
class Noise:
    """Accuracies of one network, trained with a seed each. deviation: their standard deviation, with the interval of
    normal noise. variation: the deviation as a share of the mean, the coefficient of variation; None if the mean is 0.
    """

    accuracies: tuple[float, ...]
    mean: float
    deviation: Uncertain
    variation: float | None


def noise(accuracies: Sequence[float]) -> Noise:
    """The noise that two or more repeats show."""
    from scipy.special import chdtri  # noqa: PLC0415 - scipy takes long to import, and a verdict is read without it

    free = len(accuracies) - 1
    mean, deviation = float(np.mean(accuracies)), float(np.std(accuracies, ddof=1))
    low, high = (deviation * sqrt(free / float(chdtri(free, tail))) for tail in BOUNDS)
    return Noise(tuple(accuracies), mean, Uncertain(deviation, low, high), deviation / mean if mean else None)


def ceiling(accuracies: Values, found: Noise) -> Uncertain:
    """The tau that a proxy with the right order is expected to reach, given its noise; accuracies: by the proxy [n].

    The true accuracies are taken to be spread as the observed ones are without the noise. Two that differ by d keep
    their order with probability Phi(d / (sqrt(2) s)). low and high are for the ends of the interval of s. The noise of
    the longer trainings is left out, so what can be reached is less.
    """
    deviation = found.deviation
    value, low, high = (_expected_tau(accuracies, s) for s in (deviation.value, deviation.high, deviation.low))
    return Uncertain(value, low, high)


def _expected_tau(accuracies: Values, deviation: float) -> float:
    from scipy.special import ndtr  # noqa: PLC0415 - as in noise

    first, second = np.triu_indices(len(accuracies), 1)
    differences = np.abs(accuracies[first] - accuracies[second])
    if not deviation or not isfinite(deviation):
        return float(np.mean(differences > 0)) if not deviation else 0.0
    spread = float(np.var(accuracies, ddof=1))
    share = sqrt(max(0.0, 1 - deviation**2 / spread)) if spread else 0.0
    return float(np.mean(2 * ndtr(share * differences / (sqrt(2) * deviation)) - 1))
