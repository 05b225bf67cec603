"""Expected gains against averages over many values."""

from statistics import NormalDist

import numpy as np
import pytest

from nas.acquisition.hypervolume import EXACT_GOALS, KnownGoalsFront, Reference, unit_draws
from nas.acquisition.improvement import expected_improvement, probability_within
from nas.pareto import Better, front, hypervolume

QUANTILES = [NormalDist().inv_cdf((i + 0.5) / 400) for i in range(400)]


def averaged_gain(values, known, reference, network):
    """The mean over quantiles of the network's value of the difference of two hypervolumes."""
    mean, deviation, goals = network
    better = (Better.HIGHER, *[Better.LOWER] * len(goals))
    corner = (reference.value, *reference.known)
    points = [(value, *row) for value, row in zip(values, known.tolist(), strict=True)]
    before = hypervolume(points, corner, better)
    return np.mean([hypervolume([*points, (mean + deviation * z, *goals)], corner, better) - before for z in QUANTILES])


def test_expected_improvement():
    mean, deviation = np.array([0.0, 1.0, -3.0, 2.0]), np.array([1.0, 0.5, 2.0, 0.0])
    drawn = np.random.default_rng(0).standard_normal((100_000, 1)) * deviation + mean

    expected = expected_improvement(mean, deviation, 0.3)

    assert expected == pytest.approx(np.maximum(drawn - 0.3, 0).mean(axis=0), rel=0.03)
    assert expected[3] == pytest.approx(1.7)


def test_the_gain_with_a_known_goal():
    rng = np.random.default_rng(1)
    values, known = rng.random(8), rng.random((8, 1))
    reference = Reference(0.2, np.array([0.9]), np.array([0.0]))
    networks = [(0.7, 0.2, (0.1,)), (0.5, 0.1, (0.5,)), (0.9, 0.3, (0.85,)), (0.9, 0.3, (0.95,)), (-1.0, 0.1, (0.0,))]
    mean, deviation = (np.array([network[i] for network in networks]) for i in (0, 1))

    gains = KnownGoalsFront(values, known, reference).gain(mean, deviation, np.array([n[2] for n in networks]))

    averages = [averaged_gain(values.tolist(), known, reference, network) for network in networks]
    assert gains == pytest.approx(averages, rel=0.01, abs=1e-4)
    assert gains[3] == 0
    assert gains[4] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("draws", [None, 4096])
def test_the_gain_with_several_known_goals(draws):
    rng = np.random.default_rng(2)
    values, known = rng.random(6), rng.random((6, 2))
    reference = Reference(0.1, np.array([0.9, 0.95]), np.zeros(2))
    network = (0.8, 0.2, (0.15, 0.2))

    judge = KnownGoalsFront(values, known, reference, draws and unit_draws(2, rng, draws))
    (gain,) = judge.gain(np.array([0.8]), np.array([0.2]), np.array([network[2]]))

    assert gain == pytest.approx(
        averaged_gain(values.tolist(), known, reference, network), rel=0.05 if draws else 0.001
    )


@pytest.mark.parametrize(("count", "distinct"), [(0, 9), (1, 9), (12, 4), (12, 1000), (60, 12), (60, 1000)])
def test_what_is_certain_to_be_gained_is_the_difference_of_hypervolumes(count, distinct):
    """In three goals, with values that are often equal too."""
    rng = np.random.default_rng([count, distinct])
    rows = rng.integers(0, distinct, (count + 20, 3)) / distinct
    values, known, better = rows[:, 0], rows[:, 1:], (Better.HIGHER, Better.LOWER, Better.LOWER)
    reference = Reference(0.1, np.array([0.9, 0.8]), np.zeros(2))
    corner = (reference.value, *reference.known)

    judge = KnownGoalsFront(values[20:], known[20:], reference)
    gains = judge.gain(values[:20], np.zeros(20), known[:20])

    before = hypervolume(rows[20:].tolist(), corner, better)
    after = [hypervolume([*rows[20:].tolist(), row], corner, better) for row in rows[:20].tolist()]
    assert gains == pytest.approx(np.array(after) - before, abs=1e-9)
    assert gains.any()


@pytest.mark.parametrize("goals", [1, 2, 3])
def test_members_are_the_front(goals):
    rng = np.random.default_rng(3)
    values, known = rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, (30, goals)).astype(float)
    reference = Reference(1.0, np.full(goals, 4.0), np.zeros(goals))
    draws = unit_draws(goals, rng) if goals > EXACT_GOALS else None
    better = (Better.HIGHER, *[Better.LOWER] * goals)

    members = KnownGoalsFront(values, known, reference, draws).members()

    assert sorted(members.tolist()) == sorted(front(np.column_stack([values, known]).tolist(), better))


def test_a_front_without_networks_gains_from_the_reference():
    reference = Reference(0.5, np.array([2.0]), np.array([0.0]))
    empty = KnownGoalsFront(np.zeros(0), np.zeros((0, 1)), reference)

    assert empty.gain(np.array([0.75]), np.array([0.0]), np.array([[1.0]])) == pytest.approx(0.25)


def test_the_probability_that_a_latency_keeps_its_limit():
    """The 90 % interval of the first ends at the limit; the second has none."""
    low, estimate, high = np.array([0.8, np.nan, 1.5]), np.array([0.9, 1.1, 2.0]), np.array([1.0, np.nan, 2.5])

    assert probability_within(1.0, low, estimate, high) == pytest.approx([0.95, 0.0, 0.0], abs=1e-3)
