"""Expected hypervolume improvement where all goals but one are known before training.

With the others known, the hypervolume that a network adds is an integral of expected improvements over the known goals'
values: Emmerich, Deutz and Klinkenberg (2011) with the variance of all but one goal set to 0. The integrand is the same
all over a box of nas.acquisition.boxes.

Shapes: n networks, k known goals, s boxes, d draws. Known goals are better the lower they are, the other the higher.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nas.acquisition.boxes import boxes_of
from nas.acquisition.improvement import expected_improvement

Values = NDArray[np.float64]

EXACT_GOALS = 2
"""Number of known goals up to which the integral has a closed form; the boxes of more are too many."""

DRAWS = 512
"""Points of the integral over more known goals than that."""

AT_ONCE = 2_000_000
"""Pairs of a network and a box that are worked out together."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What every network of a front is better than: in the goal that is not known, and in the known ones [k].

    ideal: values of the known goals [k] that hardly any network is better than.
    """

    value: float
    known: Values
    ideal: Values


class KnownGoalsFront:
    """The front of networks in one goal that training shows and one or more that are known.

    With up to EXACT_GOALS known goals the gain is exact; with more it is the mean over points between the ideal and the
    reference, which draws gives in the unit cube [d, k].
    """

    def __init__(self, values: Values, known: Values, reference: Reference, draws: Values | None = None) -> None:
        """values [n], known [n, k]. Networks that are not better than the reference in each goal do not count."""
        self._all = np.column_stack([-values, known])
        inside = (values > reference.value) & (known < reference.known).all(axis=1)
        self._reference, self._draws = reference, draws
        self._values, self._known = values[inside], known[inside]
        if draws is None:
            self._lows, self._highs, self._levels = boxes_of(
                self._values, self._known, reference.value, reference.known
            )
        else:
            self._place(draws)

    def _place(self, draws: Values) -> None:
        """The points of the integral, and at each the best value of the networks that are no worse than it."""
        ideal, far = self._reference.ideal, self._reference.known
        self._points = ideal + draws * (far - ideal)
        at_least = (self._known[None] <= self._points[:, None]).all(axis=2)  # [d, n]
        levels = np.where(at_least, self._values, self._reference.value)
        self._levels = levels.max(axis=1, initial=self._reference.value)
        self._share = float(np.prod(far - ideal)) / len(draws)

    def gain(self, mean: Values, deviation: Values, known: Values) -> Values:
        """[n] expected hypervolumes that networks add, whose value is normal [n] and whose known goals are [n, k]."""
        size = max(1, AT_ONCE // len(self._levels))
        parts = [slice(first, first + size) for first in range(0, len(mean), size)]
        gains = [_weighed(self._volumes(known[part]), mean[part], deviation[part], self._levels) for part in parts]
        return np.concatenate(gains) if gains else np.zeros(0)

    def _volumes(self, known: Values) -> Values:
        """[n, s or d] volumes, in the known goals, of the part of each box that a network is no worse than."""
        if self._draws is not None:
            return np.asarray((known[:, None] <= self._points).all(axis=2) * self._share)
        sides = [
            np.maximum(self._highs[:, goal] - np.maximum(self._lows[:, goal], known[:, [goal]]), 0.0)
            for goal in range(known.shape[1])
        ]
        return np.asarray(np.prod(sides, axis=0))

    def members(self) -> NDArray[np.intp]:
        """Places of the networks that no other dominates, inside the reference or not."""
        rows = self._all
        dominates = (rows[:, None] <= rows).all(axis=2) & (rows[:, None] < rows).any(axis=2)
        return np.flatnonzero(~dominates.any(axis=0))


def unit_draws(goals: int, rng: Generator, count: int = DRAWS) -> Values:
    """Points [count, goals] that fill the unit cube more evenly than independent ones: a Latin hypercube."""
    places = np.stack([rng.permutation(count) for _ in range(goals)], axis=1)
    return np.asarray((places + rng.random((count, goals))) / count)


def _weighed(volumes: Values, mean: Values, deviation: Values, levels: Values) -> Values:
    """[n] sums over boxes of volume [n, s] times expected improvement; levels that are equal are worked out once."""
    distinct, place = np.unique(levels, return_inverse=True)
    if len(distinct) < len(levels):
        order = np.argsort(place, kind="stable")
        volumes = np.add.reduceat(volumes[:, order], np.searchsorted(place[order], np.arange(len(distinct))), axis=1)
    return np.asarray(np.sum(volumes * expected_improvement(mean[:, None], deviation[:, None], distinct), axis=1))
