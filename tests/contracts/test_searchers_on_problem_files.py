"""Every searcher on a problem file, through the loop, with workers whose results come in an order of their own."""

from dataclasses import replace

import pytest
from problem_files import write_surrogate, write_table

from nas.objective import objective
from nas.searcher import searcher
from nas.simulation import Plan, simulate
from nas.tabular.problem import load_problem
from nas.trial import State

PLAN = Plan(32, workers=16, seed=1, failures=0.2)


@pytest.fixture(scope="module", params=[(write_table, "pareto"), (write_surrogate, "constrained")])
def problem_and_aim(request, tmp_path_factory):
    write, aim = request.param
    return load_problem(write(tmp_path_factory.mktemp("problem"))), aim


@pytest.mark.parametrize("name", list(searcher))
def test_a_search_is_of_new_networks_and_repeats_exactly(problem_and_aim, name):
    """Within the limit, also while failures are told and 16 trials are pending."""
    problem, aim = problem_and_aim
    target_latency_ms = problem.scores.targets["50"].latency
    made = objective.make({"name": aim, "target_latency_ms": target_latency_ms})

    first, again = (simulate(problem, name, made, PLAN) for _ in range(2))

    assert [replace(each.trial, metrics={}) for each in first.ended] == [
        replace(each.trial, metrics={}) for each in again.ended
    ]
    failed = sum(each.trial.state is State.FAILED for each in first.ended)
    assert 1 <= failed <= 16
    assert len(first.ended) == 32
    assert len(first.trained()) == 32 - failed
    if aim == "constrained":
        assert max(each.trial.metrics["latency_ms"] for each in first.ended) <= target_latency_ms
