"""Which trainings go on."""

from random import Random

import pytest

from nas.errors import SpecError
from nas.objective import objective
from nas.pareto import Better, front, spread_fronts
from nas.pruner import pruner
from nas.spec import parse_spec
from nas.testing import bandit_space
from nas.trial import Trial

ONE = objective.make({"name": "constrained", "target_latency_ms": 1e6})
FRONT = objective.make({"name": "pareto", "target_latency_ms": 1.0})
CANDIDATE = bandit_space().space.sample(Random(0))


def at(number, rung, accuracy, latency_ms=1.0, before=()):
    metrics = {"accuracy": accuracy, "latency_ms": latency_ms}
    rungs = {**dict.fromkeys(before, metrics), rung: metrics}
    return Trial(number, CANDIDATE, metrics=metrics, reward=accuracy, rungs=rungs)


def test_asha_promotes_the_best_third_when_there_are_three():
    """The example of arXiv:1810.05934, figure 1: configurations go on as soon as their rung allows it."""
    made = pruner.make("asha", ONE, 9)
    assert list(made.rungs) == [1, 3]
    for number, accuracy in enumerate((0.3, 0.5)):
        made.reported(at(number, 1, accuracy))
        assert made.promotable(last=False) is None

    made.reported(at(2, 1, 0.4))

    assert made.promotable(last=False) == 1
    made.promoted(1)
    assert made.promotable(last=False) is None
    made.reported(at(1, 3, 0.6, before=(1,)))
    assert made.promotable(last=False) is None, "one is not a third of the second rung"
    assert made.promotable(last=True) == 1


def test_asha_promotes_the_front_of_several_goals():
    """The fast and inaccurate network is as good as the slow and accurate one; a dominated one is not."""
    made = pruner.make("asha", FRONT, 9)
    points = [
        (0.9, 9.0),
        (0.5, 1.0),
        (0.4, 9.5),
        (0.7, 4.0),
        (0.3, 9.9),
        (0.2, 9.9),
        (0.1, 9.9),
        (0.1, 9.8),
        (0.1, 9.7),
    ]
    for number, point in enumerate(points):
        made.reported(at(number, 1, *point))
    promoted = []
    while (number := made.promotable(last=False)) is not None:
        made.promoted(number)
        promoted.append(number)

    assert sorted(promoted) == [0, 1, 3]


def test_median_ends_what_is_worse_than_the_median_of_means_so_far():
    made = pruner.make({"name": "median", "trials": 3}, ONE, 4)
    for number, accuracy in enumerate((0.2, 0.4, 0.6)):
        for rung in (1, 2, 3):
            trial = at(number, rung, accuracy * rung, before=range(1, rung))
            assert made.goes_on(trial), "the first ones are compared with"
            made.reported(trial)

    assert made.goes_on(at(3, 1, 0.4))
    assert not made.goes_on(at(3, 1, 0.39))
    made.reported(at(3, 1, 0.5))
    assert not made.goes_on(at(3, 2, 0.55, before=(1,))), "the median of means over two epochs is 0.6"
    assert made.goes_on(at(3, 2, 0.61, before=(1,)))


def test_fronts_are_taken_in_order_and_a_large_one_is_spread():
    rng = Random(0)
    points = [(x := rng.random(), 1 - x + 0.3 * rng.random()) for _ in range(60)]
    better = (Better.LOWER, Better.LOWER)
    first = front(points, better)

    whole = spread_fronts(points, better, len(points))
    half = spread_fronts(points, better, 2)

    assert sorted(whole) == list(range(60))
    assert set(whole[: len(first)]) == set(first)
    assert set(half) == {first[0], first[-1]}, "the ends of a front are furthest apart"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pruner": {"name": "asha", "reduction": 1}}, "pruner.reduction"),
        ({"pruner": {"name": "asha", "first_epochs": 2}}, r"pruner.first_epochs: 2 must be less than .* 2 epochs"),
        ({"pruner": "asha", "evaluator": {"name": "train", "epochs": 1}}, "set evaluator.epochs to 2 or more"),
        ({"pruner": "asha", "evaluator": {"name": "train", "time_budget_s": 3}}, "leave evaluator.time_budget_s out"),
        ({"pruner": "median", "objective": "pareto"}, "choose asha"),
    ],
)
def test_a_pruner_that_does_not_fit_is_refused(given, message):
    with pytest.raises(SpecError, match=message):
        parse_spec({"dataset": "fashion_mnist_mini", **given})


def test_a_spec_without_a_pruner_is_as_before():
    assert "pruner" not in parse_spec({"dataset": "fashion_mnist_mini"}).model_dump()
    assert parse_spec({"dataset": "fashion_mnist_mini", "pruner": "asha"}).model_dump()["pruner"] == {"name": "asha"}
