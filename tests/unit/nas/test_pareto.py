"""Fronts and hypervolumes against their quadratic definitions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.pareto import front, hypervolume

SIDE = 8
POINTS = st.lists(st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)), max_size=30)


def dominates(p, q):
    return p != q and p[0] <= q[0] and p[1] >= q[1]


@given(POINTS)
def test_front_is_what_nothing_dominates(points):
    expected = {i for i, p in enumerate(points) if not any(dominates(q, p) for q in points)}

    found = front(points)

    assert set(found) == expected
    assert len(found) == len(expected)


@given(POINTS)
def test_front_rises(points):
    """Latency and accuracy rise together along a front; equal points stand together in the order given."""
    for i, j in pairwise(front(points)):
        assert points[i] == points[j] or (points[i][0] < points[j][0] and points[i][1] < points[j][1])
        assert points[i] != points[j] or i < j


@given(POINTS, st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)))
def test_hypervolume_is_the_dominated_area(points, reference):
    """On an integer grid: the unit cells right of and below some point, and left of and above the reference."""
    cells = sum(
        any(latency <= x and accuracy >= y + 1 for latency, accuracy in points)
        for x in range(reference[0])
        for y in range(reference[1], SIDE)
    )

    assert hypervolume(points, reference) == cells


def test_points_outside_the_reference_add_nothing():
    assert hypervolume([(1.0, 0.5)], (1.0, 0.0)) == 0
    assert hypervolume([(0.5, 0.1)], (1.0, 0.1)) == 0
    assert hypervolume([], (1.0, 0.0)) == 0


def test_hypervolume_of_a_staircase():
    assert hypervolume([(0.1, 0.5), (0.3, 0.9), (0.2, 0.4)], (1.0, 0.0)) == pytest.approx(0.9 * 0.5 + 0.7 * 0.4)
