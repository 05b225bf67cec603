"""Regularized evolution: tournaments choose parents, and the oldest die (arXiv:1802.01548, algorithm 1)."""

from collections import deque
from typing import Annotated, Any

from pydantic import Field

from nas.architecture import Architecture
from nas.decision import Decision
from nas.errors import SpecError
from nas.searcher import Searcher, searcher
from nas.space import TRIES, Candidate, SearchSpace
from nas.trial import Trial

FRESH_TRIES = 100
"""Number of mutations that are tried for a child that was not asked before; then any valid child is asked."""


@searcher("evolution")
class RegularizedEvolution(Searcher):
    """The first `population` asks are random; then the best of `tournament` members has one decision changed.

    Members are trials with a reward, in the order told: infeasible ones are members, failed ones are not. Architectures
    that were asked before are avoided. The paper's population of 100 is meant for its 20,000 trials, the default for
    hundreds. tournament: if it is not given, a quarter of the population, as in the paper, and at least 2.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        population: Annotated[int, Field(ge=2)] = 32,
        tournament: Annotated[int, Field(ge=1)] | None = None,
    ) -> None:
        super().__init__(space, seed)
        self.check(population=population, tournament=tournament)
        self._initial = population
        self._tournament = tournament or max(population // 4, 2)
        self._members: deque[tuple[float, Candidate]] = deque(maxlen=population)
        self._asked: set[Architecture] = set()

    @classmethod
    def check(cls, **parameters: Any) -> None:
        population, tournament = parameters["population"], parameters["tournament"]
        if tournament is not None and tournament > population:
            raise SpecError(f"searcher.tournament: {tournament} cannot be drawn from a population of {population}")

    def ask(self) -> Candidate:
        if self._initial > 0 or not self._members:
            self._initial -= 1
            candidate = self.space.sample(self.rng)
        else:
            drawn = self.rng.sample(range(len(self._members)), min(self._tournament, len(self._members)))
            # The youngest of equals, so that the search crosses a plateau.
            best = max(drawn, key=lambda i: (self._members[i][0], i))
            candidate = self._mutated(self._members[best][1])
        self._asked.add(candidate.architecture)
        return candidate

    def tell(self, trial: Trial) -> None:
        if trial.reward is not None:
            self._members.append((trial.reward, trial.candidate))

    def _mutated(self, parent: Candidate) -> Candidate:
        """A valid child that was not asked before, if FRESH_TRIES mutations find one; else any valid child."""
        valid: Candidate | None = None
        for tried in range(TRIES):
            if valid and tried >= FRESH_TRIES:
                return valid
            child = self._mutation(parent)
            if child.architecture.refusal() is None:
                valid = child
                if child.architecture not in self._asked:
                    return child
        return valid or self.space.sample(self.rng)

    def _mutation(self, parent: Candidate) -> Candidate:
        """parent with another answer to one decision; decisions that this answer opens are answered uniformly."""
        changed = self.rng.choice(list(parent.choices)) if parent.choices else None

        def choose(decision: Decision) -> int:
            old = parent.choices.get(decision.name)
            if old is None:
                return self.rng.randrange(len(decision.options))
            if decision.name != changed:
                return old
            return (old + self.rng.randrange(1, len(decision.options))) % len(decision.options)

        return self.space.walk(choose)
