"""Networks of earlier searches that are worth to begin with: the fronts of what they found, on this search's device."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from nas.asking.codes import Codes, choices_of
from nas.asking.problem import Earlier, Problem
from nas.metric import metrics
from nas.objective import REWARD
from nas.pareto import Better, front
from nas.space import Candidate
from nas.trial import Columns


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("it names a search twice")
    return names


EarlierNames = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...], Field(max_length=16), AfterValidator(_each_once)
]
"""Of searches, as a spec has them."""


def earlier_fronts(problem: Problem, earlier: Earlier) -> Iterator[Codes]:
    """The front of the earlier networks that keep the limits, then that of the others, and so on: [n, decisions] each.

    What an objective wants or limits is read from this search's oracle, or else from the earlier results; networks of
    which any of it is not known are left out. None if the earlier results say nothing of it.
    """
    columns = {**earlier.metrics, **problem.known(earlier.codes)}
    names = [name for name in _wanted(problem) if name in columns]
    if not {*names} & {*earlier.metrics}:
        return
    points = np.stack([columns[name] for name in names], axis=1)
    left = np.flatnonzero(np.isfinite(points).all(axis=1) & _within(problem, columns, len(points)))
    better = [_better(name) for name in names]
    if len(names) == 1:
        values = -points[left, 0] if better[0] is Better.HIGHER else points[left, 0]
        yield from (earlier.codes[left[values == value]] for value in np.unique(values))
        return
    while len(left):
        best = left[front([tuple(row) for row in points[left].tolist()], better)]
        yield earlier.codes[best]
        left = np.setdiff1d(left, best)


def starting_candidates(problem: Problem, most: int) -> list[Candidate]:
    """Up to so many different candidates that can be built, from the fronts of earlier searches.

    Those of searches that trained alike come first, and of each search the first fronts.
    """
    found: dict[bytes, Candidate] = {}
    for earlier in sorted(problem.earlier, key=lambda each: not each.same):
        for codes in earlier_fronts(problem, earlier):
            for row in spread(codes, most - len(found)):
                candidate = problem.space.decode(choices_of(problem.space, row))
                if candidate.architecture.refusal() is None:
                    found[row.tobytes()] = candidate
            if len(found) >= most:
                return list(found.values())
    return list(found.values())


def spread(codes: Codes, most: int) -> Codes:
    """At most so many of a front's networks, from one end of it to the other."""
    places = np.unique(np.linspace(0, len(codes) - 1, min(len(codes), most)).astype(int))
    return np.asarray(codes[places])


def _wanted(problem: Problem) -> list[str]:
    """The metrics that the objective improves or limits."""
    objective = problem.objective
    goals = [goal.metric for goal in objective.goals]
    improved = [*goals, *objective.needs] if REWARD in goals else goals
    return [name for name in dict.fromkeys([*improved, *objective.limits]) if name != REWARD]


def _within(problem: Problem, columns: Columns, count: int) -> NDArray[np.bool_]:
    kept = np.ones(count, bool)
    for margin in problem.objective.margins(columns).values():
        kept &= margin <= 0
    return kept


def _better(name: str) -> Better:
    declared = metrics().get(name)
    return declared.better if declared else Better.LOWER
