"""A pre-filter: which proposals are compared, which of them is taken, and a searcher's promises kept."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from nas.asking.codes import encode
from nas.asking.problem import Problem
from nas.objective import objective
from nas.search.pre_filter import PreFilter, mean_ranks
from nas.searcher import Searcher, searcher
from nas.testing import SearcherContract, bandit_space
from nas.testing.bandits import MadeUp

BANDIT = bandit_space()


@dataclass(frozen=True)
class Parity:
    """Scores that follow from the candidate, and say nothing of some."""

    names: tuple[str, ...] = ("odd", "last")
    asked: Counter = field(default_factory=Counter)

    def __call__(self, candidates):
        self.asked[len(candidates)] += 1
        codes = np.array([[*candidate.choices.values()][:3] for candidate in candidates]).reshape(-1, 3)
        return {"odd": np.where(codes[:, 1] == 1, np.nan, codes[:, 0] % 2), "last": codes[:, 2] * 1.0}


class TestPreFilter(SearcherContract):
    config = "random"

    def made(self, problem, seed=0):
        return PreFilter(super().made(replace(problem, scores=Parity()), seed), 3)


class Listed(Searcher):
    """Proposes these candidates in their order."""

    name = "listed"

    def __init__(self, problem, candidates):
        super().__init__(problem, 0)
        self.candidates, self.heard = candidates, []

    def propose(self, count, rng):  # noqa: ARG002 - the contract
        return self.candidates[:count]

    def asked(self, trial):
        self.heard.append(trial)

    def tell(self, trial):
        self.heard.append(trial)


@dataclass(frozen=True)
class Table:
    """Columns of candidates of BANDIT by the place in a list."""

    candidates: list
    columns: dict
    digest: str = ""
    names: tuple[str, ...] = ("naswot",)

    def __call__(self, given):
        rows = given if isinstance(given, list) else [BANDIT.space.decode(choices) for choices in _choices(given)]
        places = [self.candidates.index(candidate) for candidate in rows]
        return {name: np.array([values[place] for place in places], float) for name, values in self.columns.items()}


def _choices(codes):
    known = {encode(BANDIT.space, [c.choices]).tobytes(): c.choices for c in CANDIDATES}
    return [known[row.tobytes()] for row in codes]


CANDIDATES = searcher.make("random", BANDIT.problem, 1).ask(12)


def proposed(macs, naswot, count=1, choice=3, limit=None):
    """Places of what a filter of the list of candidates proposes."""
    aim = objective.make({"name": "constrained", "target_latency_ms": 1e6, "max_macs": limit})
    known, scores = Table(CANDIDATES, {"macs": macs}), Table(CANDIDATES, {"naswot": naswot})
    made = PreFilter(Listed(Problem(BANDIT.space, aim, known, scores=scores), CANDIDATES[: len(macs)]), choice)
    return [CANDIDATES.index(candidate) for candidate in made.ask(count)]


def test_the_best_of_the_first_and_those_nearest_in_cost_is_taken():
    """Not the best of all: number 1 has the best score, and ten times the cost."""
    macs, scores = [100, 1000, 90, 120, 10, 300], [1, 9, 2, 3, 4, 5]

    assert proposed(macs, scores) == [3]
    assert proposed(macs, [7, 9, 2, 3, 4, 5]) == [0]


def test_each_of_several_has_others_to_be_compared_with():
    """0 with 2 and 3, which are nearest to it, and 1 with 4 and 5."""
    macs, scores = [100, 110, 101, 99, 500, 600, 5, 6, 7, 8, 9, 10], [0, 0, 2, 3, 4, 9, 0, 0, 0, 0, 0, 0]

    assert proposed(macs, scores, count=2) == [3, 5]


def test_a_proposal_over_a_limit_is_not_compared():
    """It is refused at no cost, and the searcher hears of it; and none over a limit takes another's place."""
    assert proposed([1000, 900, 90], [1, 2, 3], limit=500) == [0]
    assert proposed([400, 501, 300], [1, 9, 3], limit=500) == [2]


def test_a_score_that_says_nothing_comes_last():
    assert proposed([1, 1, 1], [np.nan, np.nan, 0]) == [2]
    assert proposed([1, 1, 1], [np.nan, np.nan, np.nan]) == [0]


def test_mean_ranks_share_the_ranks_of_equals():
    columns = {"a": np.array([5.0, 7.0, 7.0, np.nan]), "b": np.array([1.0, 2.0, 3.0, 0.0])}

    assert mean_ranks(columns, 4).tolist() == [1.0, (2.5 + 2) / 2, (2.5 + 3) / 2, 0.0]


def test_what_is_not_taken_is_not_scored_again_and_not_heard_of():
    scores = Parity()
    problem = replace(BANDIT.problem, scores=scores, known=MadeUp(BANDIT.space))
    made = PreFilter(searcher.make("random", problem, 0), 4)

    made.ask(3)

    assert sum(scores.asked.values()) == 1, "one call for all, so that workers score side by side"
    assert max(scores.asked) <= 12


@pytest.mark.parametrize("name", ["auto", "evolution"])
def test_it_says_what_it_does_beside_what_its_searcher_says(name):
    inner = searcher.make(name, replace(BANDIT.problem, scores=Parity()), 0)
    note = PreFilter(inner, 4).note

    assert "of 4 proposals of similar cost, the best by odd, last" in note
    assert (inner.note or "") in note
