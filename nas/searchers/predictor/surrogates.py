"""The surrogates of a search: a Gaussian process of each metric, which follows from the search's history alone."""

from collections.abc import Callable

import numpy as np

from nas.asking.problem import Problem
from nas.objective import Goal
from nas.searchers.predictor.aims import sign
from nas.searchers.predictor.history import History, Seen
from nas.searchers.predictor.known import Networks
from nas.searchers.predictor.sample import known_of
from nas.surrogates.gaussian_process import GaussianProcess, Observations, fit
from nas.surrogates.kernel import Hyperparameters, Indices, Values
from nas.surrogates.network_inputs import NetworkInputs
from nas.surrogates.selection import evenly, without_outliers

FEW = 5
"""Results without which a surrogate says nothing."""

MOST = 800
"""Results that a surrogate is made from. Of more, half are the best of their latency, half an even choice of others."""

FITTED = 160
"""Results by which hyperparameters are fitted, an even choice of those there are."""

GROWTH = 1.1
"""Hyperparameters are fitted again when there are so many times as many results."""

BANDS = 10


class Surrogates:
    """Gaussian processes by goal. Hyperparameters are kept as long as they would be the same if fitted again."""

    def __init__(self, problem: Problem, history: History, inputs: NetworkInputs) -> None:
        self._problem, self._history, self.inputs = problem, history, inputs
        self._fitted: dict[Goal | str, tuple[int, Hyperparameters]] = {}

    def of_goal(self, goal: Goal, axis: str | None) -> tuple[GaussianProcess, Networks] | None:
        """The surrogate of what training shows, and the networks that it was made from; None of fewer than FEW.

        axis: the column that MOST keeps the best along.
        """
        networks, seen = self._observed(self._history.seen(goal), goal)
        if len(seen.values) < FEW:
            return None
        kept = _kept(seen.values * sign(goal), networks.columns[axis] if axis else None)
        hyper = self._hyperparameters(goal, len(self._history), lambda first: self._history.seen(goal, first))
        return GaussianProcess(self.inputs.layout, hyper, seen.of(kept)), networks.of(kept)

    def of_metric(self, metric: str) -> GaussianProcess | None:
        """The surrogate of what the search says of refused networks too; None of fewer than FEW."""
        _, seen = self._observed(self._history.measured(metric), None)
        if len(seen.values) < FEW:
            return None
        number = self._history.ended
        hyper = self._hyperparameters(metric, number, lambda first: self._history.measured(metric, first))
        return GaussianProcess(self.inputs.layout, hyper, seen.of(evenly(len(seen.values), MOST)))

    def _hyperparameters(self, name: Goal | str, trials: int, of_first: Callable[[int], Seen]) -> Hyperparameters:
        """Those fitted to the first trials, up to the last number of trials at which they are fitted again."""
        number = _fitted_at(trials)
        kept = self._fitted.get(name)
        if kept is None or kept[0] != number:
            _, seen = self._observed(of_first(number), name if isinstance(name, Goal) else None)
            hyper = fit(self.inputs.layout, seen.of(evenly(len(seen.values), FITTED)))
            kept = self._fitted[name] = number, hyper
        return kept[1]

    def _observed(self, seen: Seen, goal: Goal | None) -> tuple[Networks, Observations]:
        """What was seen of networks whose sizes and latency are known."""
        networks = known_of(self._problem, seen.codes)
        rows = networks.is_possible()
        networks = networks.of(rows)
        values = seen.values[rows] if goal is None else without_outliers(seen.values[rows], sign(goal))
        return networks, Observations(self.inputs(networks.codes, networks.columns), values, seen.repeats[rows])


def _fitted_at(trials: int) -> int:
    """The largest number up to trials in a sequence that grows by GROWTH, or by 1, from FEW."""
    number = FEW
    while (following := max(number + 1, int(number * GROWTH))) <= trials:
        number = following
    return number


def _kept(values: Values, axis: Values | None) -> Indices:
    """Places of at most MOST values: the best of each band of the axis, and an even choice of the others."""
    if len(values) <= MOST:
        return np.arange(len(values))
    band = np.zeros(len(values), int) if axis is None else np.argsort(np.argsort(axis)) * BANDS // len(axis)
    order = np.lexsort((-values, band))
    starts = np.searchsorted(band[order], band[order])
    best = order[np.argsort(np.arange(len(order)) - starts, kind="stable")[: MOST // 2]]
    others = np.setdiff1d(np.arange(len(values)), best)
    return np.sort(np.concatenate([best, others[evenly(len(others), MOST - len(best))]]))
