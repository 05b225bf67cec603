"""Every searcher on a problem file, through the loop, with workers whose results come in an order of their own."""

from dataclasses import replace

import pytest
from problem_files import write_surrogate, write_table

from nas.objective import objective
from nas.searcher import searcher
from nas.simulation import Plan, simulate
from nas.tabular.problem import load_problem
from nas.trial import State

TRIALS = 16  # Optuna's Gaussian process takes seconds once it has ten results
PLAN = Plan(TRIALS, workers=8, seed=1, failures=0.2)


@pytest.mark.parametrize("name", list(searcher))
def test_trials_are_of_new_networks_within_the_limit(tmp_path, name):
    """Also while failures are told and other trials are pending."""
    problem = load_problem(write_surrogate(tmp_path))
    target_latency_ms = problem.scores.targets["50"].latency
    made = objective.make({"name": "constrained", "target_latency_ms": target_latency_ms})

    simulated = simulate(problem, name, made, PLAN)

    failed = sum(each.trial.state is State.FAILED for each in simulated.ended)
    assert 0 < failed < TRIALS / 2
    assert len(simulated.ended) == TRIALS
    assert len(simulated.trained()) == TRIALS - failed
    assert max(each.trial.metrics["latency_ms"] for each in simulated.ended) <= target_latency_ms


@pytest.mark.parametrize("name", list(searcher))
def test_a_search_of_the_front_repeats_exactly(tmp_path, name):
    problem = load_problem(write_table(tmp_path))
    made = objective.make({"name": "pareto", "target_latency_ms": 1.0})

    first, again = (
        [(each.seconds, replace(each.trial, metrics={})) for each in simulate(problem, name, made, PLAN).ended]
        for _ in range(2)
    )

    assert first == again
