"""Clusters of numbers on a line: Lloyd's k-means from linear initialisation, and the exact optimum."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def cluster(values: NDArray[np.float32], count: int, method: Literal["lloyd", "optimal"]) -> NDArray[np.float32]:
    """At most count centres [K], ascending and distinct, for values [n]; each value belongs to the nearest.

    lloyd: starts evenly between the smallest and the largest value (Deep Compression, section 3.2: large weights keep a
    centre of their own) and iterates to the fixed point. optimal: the least sum of squares over all clusterings.
    """
    distinct, times = np.unique(values.astype(np.float64), return_counts=True)
    if len(distinct) <= count:
        return distinct.astype(np.float32)
    weights = times.astype(np.float64)
    centres = _lloyd(distinct, weights, count) if method == "lloyd" else _optimal(distinct, weights, count)
    return np.unique(centres.astype(np.float32))


def nearest(values: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """Index of the nearest of the ascending centres for each value; halfway between two, the smaller."""
    return np.searchsorted((centres[1:] + centres[:-1]) / 2, values).astype(np.int64)


def _lloyd(distinct: Doubles, weights: Doubles, count: int) -> Doubles:
    """Lloyd's iteration on ascending values with weights. A cluster that becomes empty is dropped."""
    mass, moment = _sums(weights), _sums(weights * distinct)
    centres = np.linspace(distinct[0], distinct[-1], count)
    while True:
        edges = np.searchsorted(distinct, (centres[1:] + centres[:-1]) / 2)
        bounds = np.concatenate(([0], edges, [len(distinct)]))
        masses = np.diff(mass[bounds])
        moved = np.diff(moment[bounds])[masses > 0] / masses[masses > 0]
        if len(moved) == len(centres) and np.array_equal(moved, centres):
            return centres
        centres = moved


def _sums(values: Doubles) -> Doubles:
    """Sums of the first 0, 1, ..., n values."""
    return np.concatenate(([0.0], np.cumsum(values)))


def _optimal(distinct: Doubles, weights: Doubles, count: int) -> Doubles:
    """Dynamic programming over the number k of clusters; best[i] is the least cost of the first i values in k of them.

    The last cluster of the optimum begins no earlier for a longer prefix, so halving the range of prefixes takes
    n log n steps for each k (Groenlund et al., arXiv:1701.07204, section 3).
    """
    shifted = distinct - distinct.mean()  # sums of squares lose fewer digits
    mass, moment, square = (_sums(weights * power) for power in (np.ones_like(shifted), shifted, shifted**2))

    def cost(begin: NDArray[np.int64], end: NDArray[np.int64]) -> Doubles:
        """Sum of squares within the cluster of the values begin <= i < end; begin < end."""
        spread: Doubles = (moment[end] - moment[begin]) ** 2 / (mass[end] - mass[begin])
        within: Doubles = square[end] - square[begin] - spread
        return within

    n = len(distinct)
    best = np.concatenate(([0.0], cost(np.zeros(n, np.int64), np.arange(1, n + 1))))
    begins = [np.zeros(n + 1, np.int64)]
    for clusters in range(2, count + 1):
        last = best
        best, begin = np.full(n + 1, np.inf), np.zeros(n + 1, np.int64)
        # The open ranges of prefixes (low, high), each with the bounds of where its last cluster may begin.
        low, high = np.array([clusters]), np.array([n + 1])
        first, final = np.array([clusters - 1]), np.array([n - 1])
        while len(low):
            middle = (low + high) // 2
            best[middle], begin[middle] = _least(last, cost, first, np.minimum(final, middle - 1), middle)
            low, high = np.concatenate((low, middle + 1)), np.concatenate((middle, high))
            first = np.concatenate((first, begin[middle]))
            final = np.concatenate((begin[middle], final))
            open_ = low < high
            low, high, first, final = low[open_], high[open_], first[open_], final[open_]
        begins.append(begin)
    centres: Doubles = _centres(begins, mass, moment) + distinct.mean()
    return centres


def _least(
    last: Doubles,
    cost: Callable[[NDArray[np.int64], NDArray[np.int64]], Doubles],
    first: NDArray[np.int64],
    final: NDArray[np.int64],
    prefix: NDArray[np.int64],
) -> tuple[Doubles, NDArray[np.int64]]:
    """For each prefix, the least of last[j] + cost(j, prefix) over first <= j <= final, and the smallest such j."""
    lengths = final - first + 1
    starts = np.cumsum(lengths) - lengths
    begin = np.arange(lengths.sum()) - np.repeat(starts - first, lengths)
    total = last[begin] + cost(begin, np.repeat(prefix, lengths))
    least = np.minimum.reduceat(total, starts)
    places = np.flatnonzero(total == np.repeat(least, lengths))
    return least, begin[places[np.searchsorted(places, starts)]]


def _centres(begins: Sequence[NDArray[np.int64]], mass: Doubles, moment: Doubles) -> Doubles:
    end, centres = len(mass) - 1, []
    for begin in reversed(begins):
        start = begin[end]
        centres.append((moment[end] - moment[start]) / (mass[end] - mass[start]))
        end = start
    return np.array(centres[::-1])
