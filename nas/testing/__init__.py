"""What plugin authors and this repository test with: conformance suites, and a space whose optimum is known.

A suite is a class of pytest-style tests: subclass it, name the plugin, and let pytest collect it.

    class TestMine(SearcherContract):
        config = {"name": "mine", "population": 8}

check_searcher("mine") is the same as one call, without pytest.
"""

from nas.testing.bandits import Bandit, bandit_space
from nas.testing.objectives import ObjectiveContract, check_objective
from nas.testing.searchers import SearcherContract, check_searcher, play

__all__ = [
    "Bandit",
    "ObjectiveContract",
    "SearcherContract",
    "bandit_space",
    "check_objective",
    "check_searcher",
    "play",
]
