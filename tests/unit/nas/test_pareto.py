"""Fronts and hypervolumes against their slow definitions."""

from itertools import chain, combinations, pairwise
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.metric import FRONT, directions
from nas.pareto import Better, front, hypervolume

SIDE = 8
BETTER = directions(FRONT)
POINTS = st.lists(st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)), max_size=30)


def dominates(p, q, better=BETTER):
    signs = [1 if each is Better.LOWER else -1 for each in better]
    return p != q and all(sign * a <= sign * b for sign, a, b in zip(signs, p, q, strict=True))


@st.composite
def cases(draw, most=30):
    """Points in one to four metrics with their directions."""
    better = draw(st.lists(st.sampled_from(Better), min_size=1, max_size=4))
    return draw(st.lists(st.tuples(*(st.integers(0, SIDE) for _ in better)), max_size=most)), better


@given(POINTS)
def test_front_is_what_nothing_dominates(points):
    expected = {i for i, p in enumerate(points) if not any(dominates(q, p) for q in points)}

    found = front(points, BETTER)

    assert set(found) == expected
    assert len(found) == len(expected)


@given(cases())
def test_a_front_of_any_number_of_metrics_is_what_nothing_dominates(case):
    points, better = case
    expected = {i for i, p in enumerate(points) if not any(dominates(q, p, better) for q in points)}

    found = front(points, better)

    assert set(found) == expected
    assert len(found) == len(expected)


@given(POINTS)
def test_front_rises(points):
    """Latency and accuracy rise together along a front; equal points stand together in the order given."""
    for i, j in pairwise(front(points, BETTER)):
        assert points[i] == points[j] or (points[i][0] < points[j][0] and points[i][1] < points[j][1])
        assert points[i] != points[j] or i < j


def by_inclusion_and_exclusion(points, reference, better):
    """The volume of a union of boxes: the sum over its subsets of their intersections, with alternating signs."""
    signs = [1 if each is Better.LOWER else -1 for each in better]
    boxes = [[max(0, sign * (r - x)) for sign, x, r in zip(signs, p, reference, strict=True)] for p in points]
    subsets = chain.from_iterable(combinations(boxes, k) for k in range(1, len(boxes) + 1))
    return sum((-1) ** (len(subset) + 1) * prod(map(min, zip(*subset, strict=True))) for subset in subsets)


@given(cases(most=7), st.data())
def test_hypervolume_is_that_of_a_union_of_boxes(case, data):
    points, better = case
    reference = data.draw(st.tuples(*(st.integers(0, SIDE) for _ in better)))

    assert hypervolume(points, reference, better) == by_inclusion_and_exclusion(points, reference, better)


def test_a_hypervolume_in_three_metrics():
    """Two boxes of 2 x 3 x 4 and 4 x 1 x 4 that share 2 x 1 x 4."""
    points = [(2.0, 0.0, 3.0), (0.0, 2.0, 3.0)]

    found = hypervolume(points, (4.0, 3.0, -1.0), (Better.LOWER, Better.LOWER, Better.HIGHER))

    assert found == pytest.approx(2 * 3 * 4 + 4 * 1 * 4 - 2 * 1 * 4)


def test_points_of_another_length_than_the_directions_are_refused():
    with pytest.raises(ValueError, match="zip"):
        front([(1.0, 2.0, 3.0)], BETTER)
