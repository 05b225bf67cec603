"""What searches of other tasks say of a network: predictions that the surrogate learns from, as it does from its sizes.

The search's own trials decide how much they count: this is the autoregressive model of Kennedy and O'Hagan (2000) with
the earlier search as the cheap code, and a slope that the evidence sets near 0 for a task that has nothing in common.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from random import Random

import numpy as np
from numpy.random import Generator

from nas.asking.codes import Codes
from nas.asking.problem import Earlier, Problem
from nas.objective import Goal
from nas.pareto import Better
from nas.searchers.predictor.aims import modelled_goal, sign
from nas.searchers.predictor.design import axis_of
from nas.searchers.predictor.history import History
from nas.searchers.predictor.known import Networks
from nas.searchers.predictor.sample import EARLIER, inputs_of, sample_of
from nas.searchers.predictor.surrogates import Surrogates
from nas.surrogates.gaussian_process import GaussianProcess
from nas.surrogates.network_inputs import NetworkInputs
from nas.trial import Columns


class Informed:
    """The oracle of a problem with a column more for each related search: what its surrogate predicts, the higher the
    better.
    """

    def __init__(self, problem: Problem, related: Sequence[Earlier], rng: Generator) -> None:
        self._problem, self._related, self._rng = problem, related, rng

    @property
    def digest(self) -> str:
        return self._problem.known.digest

    def __call__(self, codes: Codes) -> Columns:
        columns = self._problem.known(codes)
        if not self._surrogates:
            return columns
        inputs = self._inputs(codes, columns)
        up = sign(self._goal)
        predicted = {f"{EARLIER}{name}": up * process.mean(inputs) for name, process in self._surrogates.items()}
        return {**columns, **predicted}

    @cached_property
    def _sample(self) -> Networks:
        return sample_of(self._problem, self._rng)

    @cached_property
    def _inputs(self) -> NetworkInputs:
        return inputs_of(self._problem, self._sample)

    @property
    def _goal(self) -> Goal:
        return modelled_goal(self._problem.objective, self._sample.columns)

    @cached_property
    def _surrogates(self) -> dict[str, GaussianProcess]:
        """The surrogates of the searches that have enough results, by their names."""
        found: dict[str, GaussianProcess] = {}
        axis = axis_of(self._problem.objective, self._sample.columns)
        for earlier, goal in self._learned() if len(self._sample.codes) else ():
            history = History(self._problem.space, [earlier])
            surrogate = Surrogates(self._problem, history, self._inputs).of_goal(goal, axis)
            if surrogate is not None:
                found[earlier.name] = surrogate[0]
        return found

    def _learned(self) -> Iterator[tuple[Earlier, Goal]]:
        """What surrogates are made of: the results of related searches, and zero-cost scores of drawn networks."""
        for earlier in self._related:
            yield earlier, self._goal
        if scored := self._problem.scored:
            for name in scored.columns:
                yield Earlier(name, scored.codes, scored.columns, same=False), Goal(name, Better.HIGHER)


def informed(problem: Problem, seed: int) -> Problem:
    """The problem with what related searches predict among the things that are known."""
    related = [earlier for earlier in problem.earlier if not earlier.same]
    if not related and problem.scored is None:
        return problem
    rng = np.random.default_rng(Random(f"{seed} related").getrandbits(64))
    return replace(problem, known=Informed(problem, related, rng))


def agreement(problem: Problem, history: History, goal: Goal) -> float:
    """Kendall's tau between results and what a related search predicts of them, of the search that predicts best; 0
    without any.
    """
    seen = history.seen(goal)
    columns = problem.known(seen.codes)
    results = np.sign(np.subtract.outer(seen.values, seen.values)) * sign(goal)
    pairs = max(1, len(seen.values) * (len(seen.values) - 1))
    return max(
        (
            float(np.sum(np.sign(np.subtract.outer(column, column)) * results)) / pairs
            for name, column in columns.items()
            if name.startswith(EARLIER)
        ),
        default=0.0,
    )
