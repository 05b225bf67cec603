"""A pre-filter of proposals: of several of similar cost, the one whose zero-cost scores are best is trained."""

from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from nas.asking.codes import encode
from nas.searcher import Searcher
from nas.space import Candidate
from nas.trial import Columns, Trial

POOL = 2
"""Proposals that the searcher is asked for, to one that is compared: the others are too different in cost."""

COSTS = ("macs", "latency_ms")
"""What cost is, the first that is known. Scores rise with it, so that without it the filter would take the largest."""


class PreFilter(Searcher):
    """A searcher's proposals, each the best of `choice` by the mean rank of its scores.

    The searcher's first proposals stand for what it wants: each is compared with those of the others that are nearest
    to it in cost and within the limits. One that is over a limit itself is proposed as it is, to be refused. Proposals
    that are not taken were never asked, so the searcher may make them again.
    """

    def __init__(self, inner: Searcher, choice: int) -> None:
        super().__init__(inner.problem, inner.seed)
        self.name = inner.name  # type: ignore[misc]  # it is the searcher that the spec names
        self._inner, self._choice = inner, choice

    @property
    def note(self) -> str:
        scores = ", ".join(self.problem.scores.names)
        filtered = f"of {self._choice} proposals of similar cost, the best by {scores} before training is trained"
        return "; ".join(part for part in (self._inner.note, filtered) if part)

    @property
    def uses_earlier(self) -> bool:
        return self._inner.uses_earlier

    def propose(self, count: int, rng: Random) -> Sequence[Candidate]:
        pool = self._inner.propose(POOL * self._choice * count, rng)
        if len(pool) <= count:
            return pool
        groups = self._groups(pool, count)
        compared = [place for group in groups if len(group) > 1 for place in group]
        columns = self.problem.scores([pool[place] for place in compared])
        row_of = {place: row for row, place in enumerate(compared)}
        return [pool[_best(group, columns, row_of)] for group in groups]

    def asked(self, trial: Trial) -> None:
        self._inner.asked(trial)

    def tell(self, trial: Trial) -> None:
        self._inner.tell(trial)

    def _groups(self, pool: Sequence[Candidate], count: int) -> list[list[int]]:
        """Places of the proposals that are compared for each of the first count, which come first in their groups."""
        columns = self.problem.known(encode(self.space, [candidate.choices for candidate in pool]))
        cost = next((np.log(columns[name]) for name in COSTS if name in columns), np.zeros(len(pool)))
        within = ~np.isnan(cost)
        for margin in self.problem.objective.margins(columns).values():
            within &= margin <= 0
        free = [place for place in range(count, len(pool)) if within[place]]
        groups = []
        for leader in range(count):
            near = sorted(free, key=lambda place: abs(cost[place] - cost[leader])) if within[leader] else []
            groups.append([leader, *near[: self._choice - 1]])
            free = [place for place in free if place not in groups[-1]]
        return groups


def _best(group: Sequence[int], columns: Columns, row_of: Mapping[int, int]) -> int:
    """The place in the group whose scores are best, the first of equals; row_of: the row of columns of a place."""
    if len(group) == 1:
        return group[0]
    rows = [row_of[place] for place in group]
    return group[int(np.argmax(mean_ranks({name: values[rows] for name, values in columns.items()}, len(group))))]


def mean_ranks(columns: Columns, count: int) -> NDArray[np.float64]:
    """[count] the mean over columns of each row's rank, from 0; equal values share theirs, NaN comes last."""
    total = np.zeros(count)
    for values in columns.values():
        known = np.where(np.isnan(values), -np.inf, values)
        above, equal = known[:, None] > known, known[:, None] == known
        total += above.sum(axis=1) + (equal.sum(axis=1) - 1) / 2
    return np.asarray(total / max(1, len(columns)))
