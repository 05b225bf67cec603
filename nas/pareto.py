"""Pareto fronts and hypervolumes over any number of metrics."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from math import dist, inf

Row = tuple[float, ...]
"""A point whose values are all better the lower they are."""


class Better(StrEnum):
    """The direction of a metric."""

    HIGHER = "higher"
    LOWER = "lower"


def front(points: Sequence[Sequence[float]], better: Sequence[Better]) -> list[int]:
    """Indices of the points that no other dominates, the best in the first metric first, then in the second, ...

    points: n rows of m values, in any unit, none of them NaN. better: the directions of the m metrics. A point
    dominates another if it is no worse in all and better in one. Equal points do not dominate each other: all of them
    are on the front, in the order given. Two metrics take O(n log n).
    """
    rows = _lower_is_better(points, better)
    order = sorted(range(len(rows)), key=rows.__getitem__)  # a point comes after all that dominate it
    kept: list[int] = []
    for i in order:
        rivals = kept[-1:] if len(better) <= 2 else kept  # noqa: PLR2004 - of two metrics the second falls along kept
        if not any(_dominates(rows[k], rows[i]) for k in rivals):
            kept.append(i)
    return kept


def spread_fronts(points: Sequence[Sequence[float]], better: Sequence[Better], count: int) -> list[int]:
    """Indices of the best count points, the best first: those on the front, then on the front of the others, and so on.

    Of a front that is not taken whole, the point that is best in the first metric, then each time the one furthest from
    those taken (an epsilon-net, arXiv:2106.12639, section 3), by the distance in ranges of the metrics on that front.
    points, better: as in front. Of equal points the first comes first.
    """
    if len(better) == 1:  # every front is one value
        rows = _lower_is_better(points, better)
        return sorted(range(len(rows)), key=rows.__getitem__)[:count]
    taken: list[int] = []
    left = list(range(len(points)))
    while left and len(taken) < count:
        first = [left[place] for place in front([points[index] for index in left], better)]
        room = count - len(taken)
        taken += first if len(first) <= room else [first[place] for place in _net([points[i] for i in first], room)]
        gone = set(first)
        left = [index for index in left if index not in gone]
    return taken


def _net(points: Sequence[Sequence[float]], count: int) -> list[int]:
    """Places of count points, each the furthest from those before; the first is the first."""
    ranges = [(max(column) - min(column)) or 1.0 for column in zip(*points, strict=True)]
    rows = [[value / span for value, span in zip(point, ranges, strict=True)] for point in points]
    chosen: list[int] = []
    last = 0
    nearest = [inf] * len(rows)
    while len(chosen) < count:
        chosen.append(last)
        nearest = [min(near, dist(row, rows[last])) for near, row in zip(nearest, rows, strict=True)]
        nearest[last] = -1.0
        last = max(range(len(rows)), key=nearest.__getitem__)  # the first of equals
    return chosen


def hypervolume(points: Sequence[Sequence[float]], reference: Sequence[float], better: Sequence[Better]) -> float:
    """The volume of what the points dominate, bounded by the reference, which is worse in every metric.

    points, better: as in front; reference: m values. Points that are not better than it in every metric add nothing.
    The unit is the product of the metrics' units.
    """
    (bound,) = _lower_is_better([reference], better)
    rows = _lower_is_better(points, better)
    return _volume(sorted(row for row in rows if all(x < end for x, end in zip(row, bound, strict=True))), bound)


def _lower_is_better(points: Iterable[Sequence[float]], better: Sequence[Better]) -> list[Row]:
    lower = [direction is Better.LOWER for direction in better]
    return [tuple(x if low else -x for x, low in zip(point, lower, strict=True)) for point in points]


def _dominates(a: Row, b: Row) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def _volume(rows: list[Row], bound: Row) -> float:
    """The volume that sorted rows, all inside the bound, dominate: by a sweep in two dimensions, by slices in more."""
    if len(bound) == 1:
        return bound[0] - rows[0][0] if rows else 0.0
    volume = 0.0
    if len(bound) == 2:  # noqa: PLR2004 - an area
        low = bound[1]
        for x, y in rows:
            if y < low:
                volume += (bound[0] - x) * (low - y)
                low = y
        return volume
    for i, (row, after) in enumerate(pairwise([*rows, bound]), 1):
        if after[0] > row[0]:
            volume += (after[0] - row[0]) * _volume(sorted(other[1:] for other in rows[:i]), bound[1:])
    return volume
