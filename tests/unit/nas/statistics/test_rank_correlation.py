"""Kendall's tau, its interval and its partial form."""

from itertools import combinations
from random import Random

import numpy as np
import pytest

from nas.statistics.rank_correlation import FEW, partial_tau, rank_correlation


def slow_tau_b(one, other):
    """Pairs in the same order less pairs in opposite order, as a share; ties in a list shrink what is possible."""
    pairs = [(np.sign(a - c), np.sign(b - d)) for (a, b), (c, d) in combinations(zip(one, other, strict=True), 2)]
    agreement = sum(x * y for x, y in pairs)
    return agreement / np.sqrt(sum(x != 0 for x, _ in pairs) * sum(y != 0 for _, y in pairs))


def test_tau_counts_pairs():
    rng = Random(0)
    one, other = ([rng.randrange(8) for _ in range(20)] for _ in range(2))

    found = rank_correlation(one, other)

    assert found.tau == pytest.approx(slow_tau_b(one, other))
    assert found.n == 20
    assert -1 <= found.low < found.tau < found.high <= 1


def test_a_perfect_order_is_not_certain():
    numbers = list(range(10))

    same, opposite = rank_correlation(numbers, numbers), rank_correlation(numbers, numbers[::-1])

    assert (same.tau, same.high) == pytest.approx((1, 1))
    assert 0.5 < same.low < 1
    assert (opposite.tau, opposite.low, opposite.high) == pytest.approx((-1, -1, -same.low))


def test_nothing_is_said_of_few_or_of_equal_numbers():
    numbers = list(range(FEW))

    assert rank_correlation(numbers[1:], numbers[1:]) is None
    assert rank_correlation(numbers, [3] * FEW) is None
    assert rank_correlation(numbers, numbers) is not None


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Normal pairs of correlation r have tau = 2 / pi * arcsin(r)."""
    rng, r = np.random.default_rng(0), 0.5
    truth, held = 2 / np.pi * np.arcsin(r), 0
    for _ in range(300):
        one, noise = rng.normal(size=(2, 30))
        found = rank_correlation(one.tolist(), (r * one + np.sqrt(1 - r**2) * noise).tolist())
        held += found.low <= truth <= found.high

    assert 0.92 <= held / 300 <= 0.98


def test_partial_tau_is_that_of_what_a_third_list_does_not_explain():
    assert partial_tau(0.5, 0.0, 0.0) == 0.5
    assert partial_tau(0.36, 0.6, 0.6) == pytest.approx(0)
    assert partial_tau(0.2, 0.6, 0.6) < 0
