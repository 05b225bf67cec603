"""Expected hypervolume improvement where all goals but one are known before training.

With the others known, the hypervolume that a network adds is an integral of expected improvements over the known goals'
values: Emmerich, Deutz and Klinkenberg (2011) with the variance of all but one goal set to 0.

Shapes: n networks, k known goals, s steps of the front, d draws. Known goals are better the lower they are, the other
the higher.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nas.acquisition.improvement import expected_improvement

Values = NDArray[np.float64]

DRAWS = 512
"""Points of the integral over several known goals, which has a closed form for one."""


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

    With one known goal the gain is exact; with several it is the mean over points between the ideal and the reference,
    which draws gives in the unit cube [d, k].
    """

    def __init__(self, values: Values, known: Values, reference: Reference, draws: Values | None = None) -> None:
        """values [n], known [n, k]. Networks that are not better than the reference in each goal do not count."""
        self._all = np.column_stack([-values, known])
        inside = (values > reference.value) & (known < reference.known).all(axis=1)
        self._reference, self._draws = reference, draws
        self._values, self._known = values[inside], known[inside]
        if draws is None:
            self._find_steps()
        else:
            self._place(draws)

    def _find_steps(self) -> None:
        """The step function of the best value at or below each known value: its ends and levels, both rising."""
        order = np.lexsort((-self._values, self._known[:, 0]))
        values = self._values[order]
        best = np.maximum.accumulate(np.concatenate([[-np.inf], values]))[:-1]
        front = order[values > best]
        self._ends = np.concatenate([[-np.inf], self._known[front, 0], self._reference.known])
        self._levels = np.concatenate([[self._reference.value], self._values[front]])

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
        if self._draws is None:
            starts = np.maximum(self._ends[:-1], known)
            widths = np.maximum(self._ends[1:] - starts, 0.0)  # [n, s]
        else:
            widths = (known[:, None] <= self._points).all(axis=2) * self._share  # [n, d]
        return _weighed(widths, mean, deviation, self._levels)

    def members(self) -> NDArray[np.intp]:
        """Places of the networks that no other dominates, inside the reference or not."""
        rows = self._all
        dominates = (rows[:, None] <= rows).all(axis=2) & (rows[:, None] < rows).any(axis=2)
        return np.flatnonzero(~dominates.any(axis=0))


def unit_draws(goals: int, rng: Generator, count: int = DRAWS) -> Values:
    """Points [count, goals] that fill the unit cube more evenly than independent ones: a Latin hypercube."""
    places = np.stack([rng.permutation(count) for _ in range(goals)], axis=1)
    return np.asarray((places + rng.random((count, goals))) / count)


def _weighed(widths: Values, mean: Values, deviation: Values, levels: Values) -> Values:
    """[n] sums over steps of width [n, s] times expected improvement; levels that are equal are worked out once."""
    distinct, place = np.unique(levels, return_inverse=True)
    if len(distinct) < len(levels):
        merged = np.zeros((len(widths), len(distinct)))
        np.add.at(merged.T, place, widths.T)
        widths = merged
    return np.asarray(np.sum(widths * expected_improvement(mean[:, None], deviation[:, None], distinct), axis=1))
