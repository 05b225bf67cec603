"""Candidates for the next trial: drawn from the space, and neighbours of the best networks, climbing what they gain."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from nas.asking.codes import Codes, mutated_codes
from nas.asking.unasked import Unasked
from nas.searchers.predictor.known import Networks
from nas.space import Space
from nas.surrogates.kernel import Indices, Values

SPREAD = 500
MUTANTS = 500
"""Neighbours, at a distance of one to three decisions, of networks from all of the space and of the best networks."""

ROUNDS = 2
CLIMBING = 10
NEIGHBOURS = 20
"""In each round, so many of the best candidates have so many neighbours at a distance of one decision looked at."""

BANDS = 8
"""In each band of an axis the best candidate climbs too, so that one good region does not take all proposals."""

Read = Callable[[Codes], Networks]
Score = Callable[[Networks], Values]


class Candidates:
    """Makes candidates that were not asked yet."""

    def __init__(self, space: Space, unasked: Unasked, read: Read, rng: Generator) -> None:
        self._space, self._unasked, self._read, self._rng = space, unasked, read, rng

    def around(self, parents: Codes, allowed: Codes, axes: int) -> Networks:
        """Candidates around parents [p, decisions], and around networks from all of the space [a, decisions] that keep
        the limits; those too where they are few. axes: known goals of the front of parents, which has more members the
        more they are.
        """
        sources = ((allowed, SPREAD), (parents, MUTANTS * max(axes, 1)))
        chosen = [codes[self._rng.integers(len(codes), size=count)] for codes, count in sources if len(codes)]
        near = mutated_codes(self._space, np.concatenate(chosen), self._rng)
        few = allowed if len(allowed) < SPREAD else allowed[:0]
        return self._read(self._unasked.fresh(np.concatenate([near, few])))

    def climbed(self, start: Networks, score: Score, axes: Sequence[str]) -> tuple[Networks, Values]:
        """start and neighbours of its best, with their scores [n]."""
        networks, scores = start, score(start)
        for _ in range(ROUNDS):
            best = _leading(networks, scores, axes)
            near = mutated_codes(self._space, np.repeat(networks.codes[best], NEIGHBOURS, axis=0), self._rng, most=1)
            known = {row.tobytes() for row in networks.codes}
            fresh = [row for row in self._unasked.fresh(near) if row.tobytes() not in known]
            more = self._read(np.array(fresh, np.int16).reshape(-1, near.shape[1]))
            if not len(more.codes):
                break
            networks, scores = networks.and_(more), np.concatenate([scores, score(more)])
        return networks, scores


def _leading(networks: Networks, scores: Values, axes: Sequence[str]) -> Indices:
    """Places of the best, and of the best in each band of each axis."""
    order = np.argsort(-scores, kind="stable")
    if not axes:
        return order[:CLIMBING]
    leading = [order[:CLIMBING]]
    for values in (networks.columns[axis] for axis in axes):
        edges = np.quantile(values, np.linspace(0, 1, BANDS + 1)[1:-1])
        band = np.searchsorted(edges, values[order], side="right")
        _, first = np.unique(band, return_index=True)
        leading.append(order[first])
    return np.unique(np.concatenate(leading))
