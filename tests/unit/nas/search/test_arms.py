"""Two arms compared: figures as their definitions, and intervals that mean something."""

import numpy as np
import pytest

from nas.metric import FRONT, directions
from nas.pareto import hypervolume
from nas.search.arms import Arm, differences
from nas.statistics.proportions import difference_interval


def arm(rng, count, shift=0.0):
    latency = rng.uniform(1, 9, count)
    accuracy = np.clip(0.4 + 0.05 * latency + shift + 0.05 * rng.standard_normal(count), 0, 1)
    return Arm(latency, accuracy, accuracy - 0.01 * latency)


def test_figures_are_those_of_the_front_and_of_the_best_trial():
    rng = np.random.default_rng(0)
    ours, theirs = arm(rng, 30, 0.1), arm(rng, 20)
    area, best = differences(ours, theirs, target_ms=4.0, seed=0)

    for found, each in ((area.searcher, ours), (area.baseline, theirs)):
        points = list(zip(each.latency_ms, each.accuracy, strict=True))
        assert found == pytest.approx(hypervolume(points, (8.0, 0.0), directions(FRONT)) / 8.0)
    assert (best.searcher, best.baseline) == (ours.reward.max(), theirs.reward.max())
    assert area.low < area.searcher - area.baseline < area.high
    described = best.describe()
    assert described["difference"] == best.searcher - best.baseline


def test_an_arm_against_itself_may_differ_either_way():
    one = arm(np.random.default_rng(1), 50)

    for each in differences(one, one, target_ms=None, seed=3):
        assert each.searcher == each.baseline
        assert each.low < 0 < each.high


def test_a_clear_gain_is_clear_and_an_empty_arm_is_not_compared():
    rng = np.random.default_rng(2)
    ours, theirs = arm(rng, 40, 0.3), arm(rng, 40)

    assert all(each.low > 0 for each in differences(ours, theirs, 4.0, seed=0))
    assert differences(ours, Arm.of([]), 4.0, seed=0) == []


def test_the_interval_of_two_proportions_is_newcombes():
    """Newcombe, Statistics in Medicine 17 (1998), table II: 56/70 against 48/80 has 0.0524 to 0.3339 by method 10."""
    low, high = difference_interval(0.9, 0.9, 100)
    assert low == pytest.approx(-high)
    assert difference_interval(0.9, 0.8, 1000)[0] > 0 > difference_interval(0.9, 0.89, 1000)[0]
