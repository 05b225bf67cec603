"""Batch norm and sign as one integer threshold for each output."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.binary.words import Integers

IsOn = Callable[[NDArray[np.int64]], NDArray[np.bool]]
"""From the sum of each output [outputs] to whether its activation is +1. It rises with the sum, or falls with it."""


@dataclass(frozen=True)
class Folded:
    """An output is +1 where its sum is at least its threshold [outputs]; where it is inverted [outputs], which is where
    batch norm has a negative scale, the sum is that of the negated weights.
    """

    thresholds: Integers
    inverted: NDArray[np.bool]


def fold(is_on: IsOn, outputs: int, limit: int) -> Folded:
    """Exact for all sums from -limit to limit, as `is_on` itself is asked, by bisection: whatever rounding a training
    graph has, the threshold is the sum at which that graph changes its mind.
    """
    ends = np.full(outputs, limit, np.int64)
    inverted = is_on(-ends) & ~is_on(ends)
    directions = np.where(inverted, -1, 1)
    low, high = -ends, ends + 1
    while np.any(low < high):
        middle = np.minimum((low + high) // 2, limit)
        on = is_on(directions * middle)
        low, high = np.where(on | (low == high), low, middle + 1), np.where(on, np.minimum(middle, high), high)
    return Folded(low.astype(np.int32), inverted)
