"""What a pruned trial would have shown after all epochs, by the trials that went on from the same rung."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from nas.objective import REWARD, Goal
from nas.trial import State, Trial

FEW = 4
"""Trials that went on without which they say how much values rise, but not whether high ones rise as much."""

NOISE = 0.02
"""Variance of one training's result that is supposed here, as a share of that of all: the prior's mean of
nas.surrogates.gaussian_process."""

LEAST = 0.02
"""Weight of a result that says next to nothing."""


@dataclass(frozen=True, slots=True)
class _Step:
    """From one rung to the next, values become slope * value + rise, with this variance."""

    slope: float = 1.0
    rise: float = 0.0
    variance: float = 0.0


class Curves:
    """Lines fitted by least squares from each rung to the next, which trials follow to the end of the training.

    That only the better trials go on does not bias a line, as they were chosen by the value that it begins with.
    """

    def __init__(self, trials: Sequence[Trial], goal: Goal) -> None:
        """trials: that succeeded or were pruned, each once."""
        self._goal = goal
        rungs = sorted({rung for trial in trials for rung in trial.rungs})
        self._steps: list[tuple[int, _Step]] = []
        for rung, following in zip(rungs, [*rungs[1:], None], strict=False):
            pairs = [(self._at(trial, rung), self._at(trial, following)) for trial in trials if rung in trial.rungs]
            self._steps.append((rung, _fitted([(a, b) for a, b in pairs if a is not None and b is not None])))
        ends = [value for trial in trials if (value := goal.of(trial)) is not None and isfinite(value)]
        self._noise = NOISE * float(np.var(ends)) if ends else 0.0

    def expected(self, trial: Trial) -> tuple[float | None, float]:
        """The trial's value after all epochs, and its weight beside one that was seen."""
        value = self._goal.of(trial)
        if trial.state is not State.PRUNED or value is None:
            return value, 1.0
        variance = 0.0
        for rung, step in self._steps:
            if rung >= trial.rung:
                value, variance = step.slope * value + step.rise, step.slope**2 * variance + step.variance
        return value, max(LEAST, self._noise / (self._noise + variance)) if variance else 1.0

    def _at(self, trial: Trial, rung: int | None) -> float | None:
        """The value at a rung, or after all epochs; None where the trial did not come there."""
        if rung is None:
            return self._goal.of(trial) if trial.state is State.SUCCEEDED else None
        if rung not in trial.rungs:
            return None
        if self._goal.metric == REWARD:  # it is kept of the last rung alone
            return trial.reward if trial.state is State.PRUNED and rung == trial.rung else None
        return self._goal.of(replace(trial, metrics=trial.rungs[rung]))


def _fitted(pairs: Sequence[tuple[float, float]]) -> _Step:
    """The line through pairs of values at a rung and at the next."""
    pairs = [pair for pair in pairs if all(map(isfinite, pair))]
    if not pairs:
        return _Step()
    before, after = np.array(pairs, np.float64).T
    spread = float(np.var(before))
    slope = 1.0
    if len(pairs) >= FEW and spread > 0:
        slope = max(0.0, float(np.mean((before - before.mean()) * (after - after.mean()))) / spread)
    rise = float(after.mean() - slope * before.mean())
    left = after - slope * before - rise
    return _Step(slope, rise, float(left @ left) / max(1, len(pairs) - 2))
