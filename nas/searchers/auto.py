"""The searcher that suits the search: nothing to choose, and it says what it took and why."""

from collections.abc import Sequence
from random import Random
from typing import Any

from nas.asking.problem import Problem
from nas.searcher import Searcher, searcher
from nas.space import Candidate, Space
from nas.trial import Trial

FEW = 32
"""Members of a space up to which their order hardly matters: a model of the first results would come too late."""


@searcher("auto")
class Auto(Searcher):
    """`predictor`, but `random` in a space of a few members, all of which are tried soon anyway.

    On tables of others, `predictor` finds after 50 to 110 trials what other searchers need 200 for
    (docs/results/searchers.md). Another searcher is worth naming to reproduce a paper, or to compare.
    """

    learns_from_scores = True

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__(problem, seed)
        name, self._reason = _choice(problem.space)
        self._chosen = searcher.make(name, problem, seed)

    @property
    def note(self) -> str:
        return f"auto takes {self._chosen.name}: {self._reason}"

    @property
    def uses_earlier(self) -> bool:
        return self._chosen.uses_earlier

    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        return self._chosen.propose(count, rng)

    def asked(self, trial: Trial) -> None:
        self._chosen.asked(trial)

    def tell(self, trial: Trial) -> None:
        self._chosen.tell(trial)


def _choice(space: Space[Any]) -> tuple[str, str]:
    """The name of a searcher, and the reason for it."""
    size = space.size()
    if size <= FEW:
        return "random", f"the space has only {size} member{'s' if size > 1 else ''}"
    return "predictor", "on other tables of networks it found the best front per trial"
