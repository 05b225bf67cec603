"""What an objective wants of a network, given what a surrogate says of the metric that only training shows."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from nas.acquisition.hypervolume import EXACT_GOALS, KnownGoalsFront, Reference, unit_draws
from nas.acquisition.improvement import expected_improvement
from nas.metric import declared
from nas.objective import REWARD, Goal, Objective
from nas.pareto import Better
from nas.surrogates.kernel import Indices, Values
from nas.trial import Columns

WORST_SHARE = 0.25
"""Quantile of the metric over the space which a front's networks are better than, if they count."""

BEST_SHARE = 0.98
"""Quantile of each known goal over the space, likewise."""

PARENTS = 10
"""Networks with the best rewards whose neighbours are looked at."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is thought of n networks: mean and deviation of the modelled metric [n], and what is known [n] by name."""

    mean: Values
    deviation: Values
    columns: Columns


class Judge(ABC):
    """Says what networks would gain, and which of those it knows should have neighbours looked at."""

    @abstractmethod
    def gain(self, beliefs: Beliefs) -> Values:
        """[n] expected gains, 0 or more."""

    @abstractmethod
    def parents(self) -> Indices:
        """Places of networks among those it was made with."""


class Aim(ABC):
    """What one objective wants."""

    @abstractmethod
    def judge(self, trained: Beliefs, space: Values) -> Judge:
        """A judge that knows these networks. space: means of the modelled metric over a sample of the space [s]."""


def modelled_goal(objective: Objective, known: Collection[str]) -> Goal:
    """What the surrogate predicts: the first thing that the objective wants and that is not known."""
    goals = objective.goals
    if goals[0].metric == REWARD:
        unknown = [Goal(name, _better(name)) for name in objective.needs if name not in known]
    else:
        unknown = [goal for goal in goals if goal.metric not in known]
    return (unknown or list(goals))[0]


def other_metrics(objective: Objective, modelled: Goal) -> set[str]:
    """What else the objective reads."""
    read = {*objective.needs, *objective.limits, *(goal.metric for goal in objective.goals)}
    return read - {modelled.metric, REWARD}


def aim_of(objective: Objective, modelled: Goal, sample: Columns, rng: Generator) -> Aim:
    """sample: the other metrics of networks that are drawn from the space and keep the objective's limits."""
    others = [goal for goal in objective.goals if goal.metric in sample and goal != modelled]
    return FrontAim(modelled, others, sample, rng) if others else RewardAim(objective, modelled, sample)


class FrontAim(Aim):
    """The hypervolume of a modelled goal and others that are known."""

    def __init__(self, modelled: Goal, others: Sequence[Goal], sample: Columns, rng: Generator) -> None:
        self.modelled, self._others = modelled, others
        known = self.known(sample)
        self._far, self._ideal = np.quantile(known, BEST_SHARE, axis=0), known.min(axis=0)
        self._draws = unit_draws(len(others), rng) if len(others) > EXACT_GOALS else None

    def known(self, columns: Columns) -> Values:
        """[n, k] values of the other goals, better the lower they are."""
        return -np.stack([columns[goal.metric] * sign(goal) for goal in self._others], axis=1)

    def judge(self, trained: Beliefs, space: Values) -> Judge:
        worst = float(np.quantile(sign(self.modelled) * space, WORST_SHARE))
        return _FrontJudge(self, trained, Reference(worst, self._far, self._ideal), self._draws)


class _FrontJudge(Judge):
    def __init__(self, aim: FrontAim, trained: Beliefs, reference: Reference, draws: Values | None) -> None:
        self._aim, self._sign = aim, sign(aim.modelled)
        self._front = KnownGoalsFront(self._sign * trained.mean, aim.known(trained.columns), reference, draws)

    def gain(self, beliefs: Beliefs) -> Values:
        return self._front.gain(self._sign * beliefs.mean, beliefs.deviation, self._aim.known(beliefs.columns))

    def parents(self) -> Indices:
        return self._front.members()


class RewardAim(Aim):
    """The improvement of the reward, which is taken to rise linearly with the modelled metric around its mean.

    The objectives here are linear in the accuracy.
    """

    def __init__(self, objective: Objective, modelled: Goal, known: Collection[str]) -> None:
        self._objective, self._modelled = objective, modelled
        self._needs = [name for name in objective.needs if name in known]
        rewarded = {modelled.metric, *self._needs} >= set(objective.needs)
        self._direct = not rewarded or objective.goals[0] == modelled

    def rewards(self, beliefs: Beliefs) -> tuple[Values, Values]:
        """Means and standard deviations of the rewards [n]."""
        if self._direct:
            return sign(self._modelled) * beliefs.mean, beliefs.deviation
        high = self._at(beliefs.mean + beliefs.deviation, beliefs.columns)
        low = self._at(beliefs.mean - beliefs.deviation, beliefs.columns)
        return (high + low) / 2, np.abs(high - low) / 2

    def _at(self, values: Values, columns: Columns) -> Values:
        names = (self._modelled.metric, *self._needs)
        rows = zip(values.tolist(), *(columns[name].tolist() for name in self._needs), strict=True)
        return np.array([self._objective.reward(dict(zip(names, row, strict=True))) for row in rows], np.float64)

    def judge(self, trained: Beliefs, space: Values) -> Judge:  # noqa: ARG002 - a reward needs no reference
        return _RewardJudge(self, trained)


class _RewardJudge(Judge):
    def __init__(self, aim: RewardAim, trained: Beliefs) -> None:
        self._aim = aim
        self._rewards, _ = aim.rewards(trained)

    def gain(self, beliefs: Beliefs) -> Values:
        mean, deviation = self._aim.rewards(beliefs)
        return expected_improvement(mean, deviation, float(self._rewards.max()))

    def parents(self) -> Indices:
        return np.argsort(-self._rewards)[:PARENTS]


def _better(metric: str) -> Better:
    made = declared(metric)
    return made.better if made else Better.HIGHER


def sign(goal: Goal) -> float:
    return 1.0 if goal.better is Better.HIGHER else -1.0
