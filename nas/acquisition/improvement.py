"""Expected improvement of a normal variable (Jones, Schonlau and Welch, 1998), and the probability of a limit kept."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Values = NDArray[np.float64]

Z_90 = 1.6449
"""Half the width of a normal distribution's central 90 % in standard deviations."""

SURE = 1e-9
"""Smallest standard deviation, as a share of the level's size, that is told from none."""


def expected_improvement(mean: Values, deviation: Values, level: Values | float) -> Values:
    """E max(Y - level, 0) of normal Y; shapes broadcast. Where the deviation is 0, what is certain to be gained."""
    above = mean - level
    safe = np.maximum(deviation, SURE * (1 + np.abs(level)))
    z = above / safe
    gain: Values = above * ndtr(z) + safe * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return np.maximum(gain, 0.0)


def probability_within(limit: float, low: Values, estimate: Values, high: Values) -> Values:
    """[n] probabilities that values are at most limit, from estimates [n] and ends of their 90 % intervals [n].

    Where there is no interval, the estimate alone says so.
    """
    deviation = (high - low) / (2 * Z_90)
    known = np.isfinite(deviation) & (deviation > 0)
    certain = (estimate <= limit).astype(np.float64)
    z = (limit - estimate) / np.where(known, deviation, 1.0)
    probability: Values = np.where(known, ndtr(z), certain)
    return probability
