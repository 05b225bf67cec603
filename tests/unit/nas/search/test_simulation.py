"""Searches in simulated time: workers, failures, and that nothing but the arguments decides."""

from itertools import pairwise

import numpy as np
import pytest
from problem_files import NETWORKS, write_table

from nas.asking.codes import encode, random_codes
from nas.objective import objective
from nas.search.simulation import Plan, TrialTimes, simulate
from nas.tabular.curves import Curves
from nas.tabular.problem import load_problem
from nas.trial import State

FRONT = objective.make({"name": "pareto", "target_latency_ms": 1.0})


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return load_problem(write_table(tmp_path_factory.mktemp("problem")))


def told(simulated):
    return [(each.seconds, each.trial.number, each.trial.metrics, each.trial.state) for each in simulated.ended]


@pytest.mark.parametrize("name", ["random", "evolution"])
def test_the_same_plan_is_the_same_search(problem, name):
    plan = Plan(40, workers=5, seed=3, failures=0.2)

    once, again = (simulate(problem, name, FRONT, plan) for _ in range(2))

    assert told(once) == told(again)
    assert told(simulate(problem, name, FRONT, Plan(40, workers=5, seed=4, failures=0.2))) != told(once)


def test_one_worker_trains_one_after_the_other(problem):
    simulated = simulate(problem, "random", FRONT, Plan(30))

    assert [each.trial.number for each in simulated.ended] == list(range(30))
    assert simulated.seconds == pytest.approx(simulated.worker_seconds)
    assert simulated.seconds == pytest.approx(sum(each.trial.metrics["train_seconds"] for each in simulated.ended))


def test_workers_train_side_by_side_and_are_never_idle(problem):
    simulated = simulate(problem, "random", FRONT, Plan(120, workers=16))
    ends = [each.seconds for each in simulated.ended]
    starts = [each.seconds - each.trial.metrics["train_seconds"] for each in simulated.ended]

    assert ends == sorted(ends)
    assert [each.trial.number for each in simulated.ended] != list(range(120))
    under_way = [sum(start < now + 1 < end for start, end in zip(starts, ends, strict=True)) for now in starts]
    assert max(under_way) == 16
    assert simulated.worker_seconds / 16 < simulated.seconds < simulated.worker_seconds / 16 + 2 * 2000


def test_times_follow_latency(problem):
    simulated = simulate(problem, "random", FRONT, Plan(60, times=TrialTimes(median_s=100, power=2, spread=0)))
    codes = encode(problem.space, [each.trial.candidate.choices for each in simulated.ended])
    latency_ms = problem.known(codes)["latency_ms"]
    seconds = np.array([each.trial.metrics["train_seconds"] for each in simulated.ended])

    assert seconds / latency_ms**2 == pytest.approx(seconds[0] / latency_ms[0] ** 2)
    assert np.median(seconds) == pytest.approx(100, rel=0.4)


def test_failures_are_told_and_are_no_networks(problem):
    simulated = simulate(problem, "evolution", FRONT, Plan(100, workers=4, failures=0.3))
    failed = [each.trial for each in simulated.ended if each.trial.state is State.FAILED]

    assert 15 <= len(failed) <= 45
    assert all(trial.reason == "DivergedError: a failure of the simulation" for trial in failed)
    assert len(simulated.trained()) == 100 - len(failed)


def test_a_limit_is_kept_without_training(problem):
    target_latency_ms = problem.scores.targets["25"].latency
    limited = objective.make({"name": "constrained", "target_latency_ms": target_latency_ms})

    trained = simulate(problem, "evolution", limited, Plan(25)).trained()

    assert len(trained) == 25
    assert max(trial.metrics["latency_ms"] for trial in trained) <= target_latency_ms


def test_a_network_is_trained_once(problem):
    """Also where a search has more trials than its space has networks."""
    simulated = simulate(problem, "random", FRONT, Plan(NETWORKS + 20, workers=3))
    trained = [trial.candidate.architecture for trial in simulated.trained()]

    assert NETWORKS - 10 <= len(trained) <= NETWORKS
    assert len(set(trained)) == len(trained)
    assert sum(not each.trial.reused for each in simulated.ended) == len(trained)
    assert all(first <= second for first, second in pairwise(each.seconds for each in simulated.ended))


def test_a_pruner_trains_less_and_the_same_networks_end_as_without_it(problem):
    plan = Plan(60, epochs=9)
    whole = simulate(problem, "random", FRONT, plan)
    pruned = simulate(problem, "random", FRONT, plan, {"name": "asha"})
    final = {each.trial.number: each.trial.metrics["accuracy"] for each in whole.ended}

    assert sorted(each.trial.number for each in pruned.ended) == list(range(60))
    assert whole.epochs == 9 * 60
    assert pruned.epochs < whole.epochs / 2
    assert pruned.worker_seconds < whole.worker_seconds / 2
    states = [each.trial.state for each in pruned.ended]
    assert states.count(State.SUCCEEDED) + states.count(State.PRUNED) == 60
    for each in pruned.ended:
        accuracy = each.trial.metrics["accuracy"]
        whole_one = each.trial.state is State.SUCCEEDED
        assert accuracy == final[each.trial.number] if whole_one else accuracy < final[each.trial.number] + 0.05
    assert told(simulate(problem, "random", FRONT, plan, {"name": "asha"})) == told(pruned)


def test_learning_curves_rise_to_the_observed_accuracy(problem):
    rng = np.random.default_rng(0)
    codes, curves = random_codes(problem.space, 200, rng), Curves(problem, 27)
    seen = [curves.observed(codes, epochs, seed=0, noise=0.0) for epochs in (1, 3, 9, 27)]
    ranks = [np.corrcoef(np.argsort(np.argsort(each)), np.argsort(np.argsort(seen[-1])))[0, 1] for each in seen]

    assert np.array_equal(seen[-1], problem.observed(codes, 0, 0.0))
    assert all(np.mean(early) < np.mean(late) for early, late in pairwise(seen))
    assert ranks == sorted(ranks)
    assert 0.4 < ranks[0] < 0.95
