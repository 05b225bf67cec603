"""Fronts against their quadratic definition."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nas.pareto import front

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
