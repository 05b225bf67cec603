"""Regularized evolution: tournaments choose parents, and the oldest die (arXiv:1802.01548, algorithm 1)."""

from collections import deque
from collections.abc import Sequence
from functools import cached_property, partial
from math import isfinite
from random import Random
from typing import Annotated, Any

from nas.asking.problem import Problem
from nas.asking.unasked import Make, Unasked
from nas.asking.warm_start import starting_candidates
from nas.decision import uniform
from nas.errors import SpecError
from nas.registry import described
from nas.searcher import Searcher, searcher
from nas.space import Candidate
from nas.trial import Trial


@searcher("evolution")
class RegularizedEvolution(Searcher):
    """The first `population` proposals are random; then the best of `tournament` members has one decision changed.

    Up to half of the first are networks of the fronts of earlier searches, if there are any.

    Members are trials with a reward, in the order told: infeasible ones are members, failed ones are not. What was
    asked before is not proposed again. The paper's population of 100 is meant for its 20,000 trials, the default for
    hundreds. tournament: if it is not given, a quarter of the population, as in the paper, and at least 2.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        population: Annotated[
            int,
            described(
                "networks that can be parents; as many random ones come first",
                "a quarter of max_trials or less; 100 for thousands of trials",
                ge=2,
            ),
        ] = 32,
        tournament: Annotated[
            int | None,
            described(
                "members drawn, of which the best becomes a parent; none for a quarter of the population",
                "raise it to follow the best sooner",
                ge=1,
            ),
        ] = None,
    ) -> None:
        super().__init__(problem, seed)
        self.check(population=population, tournament=tournament)
        self._population = self._initial = population
        self._tournament = tournament or max(population // 4, 2)
        self._members: deque[tuple[float, Candidate]] = deque(maxlen=population)
        self._unasked = Unasked(problem.space)

    @classmethod
    def check(cls, **parameters: Any) -> None:
        population, tournament = parameters["population"], parameters["tournament"]
        if tournament is not None and tournament > population:
            raise SpecError(f"searcher.tournament: {tournament} cannot be drawn from a population of {population}")

    @property
    def uses_earlier(self) -> bool:
        return True

    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        def make(place: int) -> Make:
            number = self._population - self._initial + place
            if number < len(self._start):
                return partial(self._start.__getitem__, number)
            if place < self._initial or not self._members:
                return partial(self.space.walk, uniform(rng))
            return partial(self.space.neighbour, self._parent(rng), rng)

        return self._unasked.draw(count, rng, make)

    @cached_property
    def _start(self) -> list[Candidate]:
        return starting_candidates(self.problem, self._population // 2)

    def asked(self, trial: Trial) -> None:
        self._initial -= 1
        self._unasked.remove(trial.candidate)

    def tell(self, trial: Trial) -> None:
        if trial.reward is not None and isfinite(trial.reward):
            self._members.append((trial.reward, trial.candidate))

    def _parent(self, rng: Random) -> Candidate:
        drawn = rng.sample(range(len(self._members)), min(self._tournament, len(self._members)))
        # The youngest of equals, so that the search crosses a plateau.
        best = max(drawn, key=lambda i: (self._members[i][0], i))
        return self._members[best][1]
