"""Searches that begin with what earlier ones found, on problem files of a few networks."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from problem_files import write_table

from nas.asking.codes import encode, random_codes
from nas.asking.problem import Earlier, Problem
from nas.asking.warm_start import earlier_fronts, starting_candidates
from nas.objective import objective
from nas.search.simulation import Outcome, Plan, earlier_of, simulate
from nas.searcher import searcher
from nas.searchers.predictor.found import MOST
from nas.tabular.problem import load_problem

FRONT = objective.make({"name": "pareto", "target_latency_ms": 1.0})
SEEDS = range(3)
WARM = ("auto", "evolution", "local", "nsga2", "predictor", "tpe")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return load_problem(write_table(tmp_path_factory.mktemp("problem")))


@pytest.fixture(scope="module")
def found(table):
    """40 random networks of the table, as an earlier search would hand them on."""
    return earlier_of(table, simulate(table, "random", FRONT, Plan(40, seed=9)), same=True)


def points(table, codes):
    return list(zip(table.accuracy(codes).tolist(), table.known(codes)["latency_ms"].tolist(), strict=True))


def dominated(point, others):
    return any(a >= point[0] and ms <= point[1] and (a, ms) != point for a, ms in others)


def test_the_first_front_is_that_of_this_device(table, found):
    """Accuracies are the earlier search's, and latencies this one's."""
    exact = replace(found, metrics={"accuracy": table.accuracy(found.codes)})
    every = points(table, exact.codes)

    first, second = islice(earlier_fronts(Problem(table.space, FRONT, table.known), exact), 2)

    assert not any(dominated(point, every) for point in points(table, first))
    assert all(dominated(point, every) for point in points(table, second))


def test_fronts_keep_the_limits_and_leave_out_what_is_no_number(table, found):
    limit = float(np.median(table.known(found.codes)["latency_ms"]))
    limited = objective.make({"name": "constrained", "target_latency_ms": limit})
    accuracy = found.metrics["accuracy"].copy()
    accuracy[:10] = np.nan

    fronts = [
        *earlier_fronts(Problem(table.space, limited, table.known), replace(found, metrics={"accuracy": accuracy}))
    ]

    known = {row.tobytes() for row in np.concatenate(fronts)}
    assert max(table.known(np.concatenate(fronts))["latency_ms"]) <= limit
    assert known
    assert not known & {row.tobytes() for row in found.codes[:10]}


def test_results_of_something_else_give_no_front(table, found):
    assert [
        *earlier_fronts(Problem(table.space, FRONT, table.known), replace(found, metrics={"loss": np.ones(40)}))
    ] == []


def test_candidates_of_the_same_task_come_first(table, found):
    other = Earlier("other", random_codes(table.space, 5, np.random.default_rng(1)), {"accuracy": np.ones(5)}, False)
    problem = Problem(table.space, FRONT, table.known, (other, found))

    first = starting_candidates(problem, 4)

    rows = {row.tobytes() for row in found.codes}
    assert len(first) == 4
    assert all(encode(table.space, [each.choices]).tobytes() in rows for each in first)


@pytest.mark.parametrize("name", WARM)
def test_nothing_is_trained_twice(table, found, name):
    """A search on a second device has the front of the first one's networks before it trains any."""
    best = Outcome(table, simulate(table, "random", FRONT, Plan(40, seed=9))).hypervolume(40)

    simulated = simulate(table, name, FRONT, Plan(MOST + 4, seed=0, earlier=(found,)))
    outcome = Outcome(table, simulated)

    reused = [each.trial.reused for each in simulated.ended]
    known = {row.tobytes() for row in found.codes}
    codes = encode(table.space, [each.trial.candidate.choices for each in simulated.ended])
    assert reused[0]
    assert reused == [row.tobytes() in known for row in codes]
    assert outcome.hypervolume(0) > 0.6 * best
    if name in {"auto", "predictor"}:
        assert sum(reused[:MOST]) == MOST
        assert outcome.hypervolume(0) > 0.95 * best


def test_a_searcher_says_whether_earlier_results_are_of_use_to_it(table):
    made = {name: searcher.make(name, Problem(table.space, FRONT, table.known), 0) for name in (*WARM, "random")}

    assert [name for name, each in made.items() if not each.uses_earlier] == ["random"]


def test_predictions_of_another_task_are_used_where_they_are_right(table):
    """The same table told as another task helps after a few trainings; its opposite does not hurt for long."""
    networks = random_codes(table.space, 100, np.random.default_rng(3))
    accuracy = table.accuracy(networks)

    def after(trainings, *earlier):
        plans = [Plan(trainings, seed=seed, earlier=earlier) for seed in range(3)]
        return np.mean(
            [Outcome(table, simulate(table, "predictor", FRONT, plan)).hypervolume(trainings) for plan in plans]
        )

    right = Earlier("right", networks, {"accuracy": accuracy}, False)
    wrong = Earlier("wrong", networks, {"accuracy": 1 - accuracy}, False)

    assert after(10, right) > after(10) + 0.02
    assert after(30, wrong) > after(30) - 0.02
