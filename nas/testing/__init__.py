"""Tools for testing plugins, here and by their authors: conformance suites, and a space with a known optimum.

A suite is a class of pytest-style tests: subclass it, name the plugin, and let pytest collect it.

    class TestMine(SearcherContract):
        config = {"name": "mine", "population": 8}

check_searcher("mine") runs the same checks in one call, without pytest.
"""

from nas.testing.bandits import Bandit, bandit_space, problem_in
from nas.testing.evaluators import EvaluatorContract, check_evaluator, halves
from nas.testing.metrics import check_metric
from nas.testing.objectives import ObjectiveContract, check_objective
from nas.testing.pruners import PrunerContract, check_pruner
from nas.testing.rehearsal import Rehearsal, play
from nas.testing.searchers import SearcherContract, check_searcher

__all__ = [
    "Bandit",
    "EvaluatorContract",
    "ObjectiveContract",
    "PrunerContract",
    "Rehearsal",
    "SearcherContract",
    "bandit_space",
    "check_evaluator",
    "check_metric",
    "check_objective",
    "check_pruner",
    "check_searcher",
    "halves",
    "play",
    "problem_in",
]
