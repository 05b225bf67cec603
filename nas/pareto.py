"""Pareto fronts of latency (less is better) against accuracy (more is better)."""

from collections.abc import Sequence

Point = tuple[float, float]
"""Latency in any unit, accuracy in [0, 1]. Neither may be NaN."""


def front(points: Sequence[Point]) -> list[int]:
    """Indices of the points that no other dominates, by rising latency.

    A point dominates another if it is no worse in both and better in one. Equal points do not dominate each other: all
    of them are on the front, in the order given.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    best: list[int] = []
    for i in order:
        if not best or points[i][1] > points[best[-1]][1] or points[i] == points[best[-1]]:
            best.append(i)
    return best


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """The area that points dominate, bounded by the reference; points beyond it add nothing."""
    (most, least), area, height = reference, 0.0, reference[1]
    inside = sorted(point for point in points if point[0] < most and point[1] > least)
    for latency, accuracy in inside:
        if accuracy > height:
            area += (most - latency) * (accuracy - height)
            height = accuracy
    return area
