"""Uniform sampling: the baseline that every other searcher must beat at equal trials."""

from collections.abc import Sequence
from random import Random

from nas.asking.problem import Problem
from nas.asking.unasked import Unasked
from nas.searcher import Searcher, searcher
from nas.space import Candidate
from nas.trial import Trial


@searcher("random")
class RandomSearch(Searcher):
    """Each decision is answered uniformly, independently of all results; what was asked is not asked again."""

    def __init__(self, problem: Problem, seed: int) -> None:
        super().__init__(problem, seed)
        self._unasked = Unasked(problem.space)

    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        return self._unasked.draw(count, rng)

    def asked(self, trial: Trial) -> None:
        self._unasked.remove(trial.candidate)

    def tell(self, trial: Trial) -> None:
        """Nothing is learned."""
