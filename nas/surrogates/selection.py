"""Which observations a surrogate is made from, and how it takes those far from all others."""

import numpy as np

from nas.surrogates.kernel import Indices, Values

OUTLYING = 2.5
"""Values so many quartile ranges beyond the worse quartile count as no worse than that."""


def evenly(count: int, most: int) -> Indices:
    """At most so many places of count, spread evenly, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.intp))


def without_outliers(values: Values, direction: float) -> Values:
    """A failed training must not flatten all others: values [n], of which the worst are raised to a bound.

    direction: 1 where higher is better, -1 where lower is.
    """
    if not len(values):
        return values
    low, high = np.quantile(direction * values, [0.25, 0.75])
    return np.asarray(direction * np.maximum(direction * values, low - OUTLYING * (high - low)))
