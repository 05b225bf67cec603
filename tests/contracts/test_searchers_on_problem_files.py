"""Every searcher on a problem file, through the loop, with workers whose results come in an order of their own."""

from dataclasses import replace

import numpy as np
import pytest
from problem_files import write_surrogate, write_table

from nas.asking.codes import random_codes
from nas.objective import objective
from nas.search.devices import KnownOnDevices
from nas.search.simulation import Plan, simulate
from nas.searcher import searcher
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


class Inverse:
    """What is known on a device on which the networks that are slow elsewhere are fast."""

    digest = "inverse"

    def __init__(self, known):
        self._known = known

    def __call__(self, codes):
        columns = self._known(codes)
        return {**columns, "latency_ms": 1 / columns["latency_ms"]}


@pytest.mark.parametrize("parameters", [{"name": "constrained"}, {"name": "pareto"}], ids=["constrained", "pareto"])
@pytest.mark.parametrize("name", list(searcher))
def test_a_search_for_several_devices_keeps_the_target_of_each(tmp_path, name, parameters):
    """As limits, or as goals of which nothing is missing."""
    problem = load_problem(write_surrogate(tmp_path))
    both = replace(problem, known=KnownOnDevices({"a": problem.known, "b": Inverse(problem.known)}))
    codes = random_codes(problem.space, 500, np.random.default_rng(0))
    least, most = np.quantile(problem.known(codes)["latency_ms"], [0.2, 0.8])
    made = objective.make({**parameters, "target_latency_ms": {"a": most, "b": 1 / least}})

    ended = [each.trial for each in simulate(both, name, made, replace(PLAN, trials=14, failures=0.0)).ended]

    assert len(ended) == 14
    assert all(trial.metrics["latency_ms@b"] == 1 / trial.metrics["latency_ms"] for trial in ended)
    assert all(trial.state is State.SUCCEEDED for trial in ended)
    if parameters["name"] == "constrained":
        assert all(trial.metrics["latency_ms"] <= most for trial in ended)
        assert all(trial.metrics["latency_ms@b"] <= 1 / least for trial in ended)
