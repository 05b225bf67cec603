"""Local search (arXiv:2005.02960) for several goals: neighbours of the front, until none improves it."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property, partial
from math import isfinite
from random import Random
from typing import Any

from nas.asking.problem import Problem
from nas.asking.unasked import Make, Unasked
from nas.asking.warm_start import starting_candidates
from nas.decision import uniform
from nas.pareto import front
from nas.searcher import Searcher, Startup, searcher
from nas.space import Candidate
from nas.trial import State, Trial


@searcher("local")
class LocalSearch(Searcher):
    """The first `startup` asks are random; then a member of the front has one decision changed.

    Up to half of the first are networks of the fronts of earlier searches, if there are any.

    The member is one of those from which the fewest neighbours were asked. Nothing is asked twice; once a member has no
    neighbour left, any other member of the space follows, which starts the search again elsewhere.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        *,
        startup: Startup = 10,
    ) -> None:
        super().__init__(problem, seed)
        self._startup = self._initial = startup
        self._better = [goal.better for goal in problem.objective.goals]
        self._front: list[tuple[tuple[float, ...], Candidate[Any]]] = []
        self._expanded: Counter[frozenset[tuple[str, int]]] = Counter()
        self._unasked = Unasked(problem.space)

    @property
    def uses_earlier(self) -> bool:
        return True

    def propose(self, count: int, rng: Random) -> Sequence[Candidate[Any]]:
        expanded = self._expanded.copy()

        def make(place: int) -> Make:
            number = self._startup - self._initial + place
            if number < len(self._start):
                return partial(self._start.__getitem__, number)
            if place < self._initial or not self._front:
                return partial(self.space.walk, uniform(rng))
            fewest = min(expanded[_key(member)] for _, member in self._front)
            parent = rng.choice([member for _, member in self._front if expanded[_key(member)] == fewest])
            expanded[_key(parent)] += 1
            return partial(self.space.neighbour, parent, rng)

        return self._unasked.draw(count, rng, make)

    @cached_property
    def _start(self) -> list[Candidate[Any]]:
        return starting_candidates(self.problem, self._startup // 2)

    def asked(self, trial: Trial) -> None:
        self._initial -= 1
        self._unasked.remove(trial.candidate)
        for _, member in self._front:
            self._expanded[_key(member)] += _differs_once(member, trial.candidate)

    def tell(self, trial: Trial) -> None:
        values = [goal.of(trial) for goal in self.problem.objective.goals]
        point = tuple(value for value in values if value is not None and isfinite(value))
        if trial.state in {State.SUCCEEDED, State.PRUNED} and len(point) == len(values):
            members = [*self._front, (point, trial.candidate)]
            self._front = [members[i] for i in front([values for values, _ in members], self._better)]


def _key(candidate: Candidate[Any]) -> frozenset[tuple[str, int]]:
    return frozenset(candidate.choices.items())


def _differs_once(a: Candidate[Any], b: Candidate[Any]) -> bool:
    """Whether one decision that both answer has another answer."""
    return sum(b.choices.get(name, index) != index for name, index in a.choices.items()) == 1
