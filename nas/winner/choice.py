"""The order of a search's networks by what is believed of them, and which are worth another training before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nas.asking.problem import Problem
from nas.objective import Objective
from nas.statistics.proportions import Z95
from nas.trial import Metrics, State, Trial
from nas.winner.beliefs import beliefs
from nas.winner.method import Method
from nas.winner.trained import ACCURACY, Beliefs, Trained

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one network.

    observed: the accuracy of its trial; average: over so many trainings, the trial among them. mean: the posterior mean
    of the accuracy, with the 95 % interval of low and high, which are None where nothing is known of the noise. reward:
    that of the objective, with the mean as the accuracy.
    """

    trial: Trial
    observed: float
    average: float
    trainings: int
    mean: float
    low: float | None
    high: float | None
    reward: float

    def describe(self) -> dict[str, Any]:
        """In JSON values, with the number of the trial."""
        interval = {} if self.low is None else {"mean_low": self.low, "mean_high": self.high}
        names = ("observed", "average", "trainings", "mean", "reward")
        return {"trial": self.trial.number, **{name: getattr(self, name) for name in names}, **interval}


@dataclass(frozen=True, slots=True)
class Ranking:
    """Networks, the best first. noise: standard deviation of one training's accuracy, if anything is known of it."""

    method: Method
    noise: float | None
    standings: tuple[Standing, ...]

    @property
    def trials(self) -> list[Trial]:
        """The trials of the networks."""
        return [each.trial for each in self.standings]

    def describe(self) -> dict[str, Any]:
        """In JSON values, with the SHOWN best networks and all that were trained again."""
        rows = [each for place, each in enumerate(self.standings) if place < SHOWN or each.trainings > 1]
        about = {"method": self.method.value, "explanation": self.method.words, "noise": self.noise}
        return about | {"standings": [each.describe() for each in rows]}


def by_reward(trials: Iterable[Trial]) -> list[Trial]:
    """The trials of distinct networks that have succeeded, by the reward that was observed; of equals the first."""
    done = [trial for trial in trials if trial.state is State.SUCCEEDED and trial.reward is not None]
    best: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda trial: (-(trial.reward or 0.0), trial.number)):
        best.setdefault(trial.candidate.architecture.network_id, trial)
    return list(best.values())


def candidates(problem: Problem, trials: Sequence[Trial], count: int) -> list[Trial]:
    """The trials whose networks are worth other trainings before the best is chosen."""
    return ranking(problem, trials, {}).trials[:count]


def ranking(problem: Problem, trials: Iterable[Trial], repeats: Mapping[int, Sequence[float]]) -> Ranking:
    """All distinct networks by the posterior mean of their reward; repeats: as in believed."""
    return ranked(believed(problem, trials, repeats), problem.objective)


@dataclass(frozen=True, slots=True)
class Believed:
    """Distinct networks that were trained, and what is believed of the accuracy of each, whatever the objective is."""

    trained: tuple[Trained, ...]
    beliefs: Beliefs


def believed(problem: Problem, trials: Iterable[Trial], repeats: Mapping[int, Sequence[float]]) -> Believed:
    """What is believed of all distinct networks among the trials.

    repeats: accuracies of further trainings with other seeds, by the number of the trial.
    """
    trained = tuple(
        Trained(trial, (float(trial.metrics[ACCURACY]), *repeats.get(trial.number, ()))) for trial in by_reward(trials)
    )
    return Believed(trained, beliefs(problem, trained))


def ranked(networks: Believed, goal: Objective, metrics: Mapping[int, Metrics] | None = None) -> Ranking:
    """The networks by the posterior mean of the reward that the objective gives.

    metrics: those that count, by the number of the trial, as on another device; networks without any are left out. By
    default the metrics of the trials.
    """
    found = [
        _standing(goal, each if metrics is None else _with_metrics(each, metrics), networks.beliefs, place)
        for place, each in enumerate(networks.trained)
        if metrics is None or each.trial.number in metrics
    ]
    order = sorted(found, key=lambda each: (-each.reward, each.trial.number))
    return Ranking(networks.beliefs.method, networks.beliefs.noise, tuple(order))


def _with_metrics(trained: Trained, metrics: Mapping[int, Metrics]) -> Trained:
    return replace(trained, trial=replace(trained.trial, metrics=metrics[trained.trial.number]))


def _standing(goal: Objective, trained: Trained, believed: Beliefs, place: int) -> Standing:
    mean, deviation = float(believed.mean[place]), float(believed.deviation[place])
    low, high = (None, None) if np.isnan(deviation) else (mean - Z95 * deviation, mean + Z95 * deviation)
    return Standing(
        trial=trained.trial,
        observed=trained.accuracies[0],
        average=trained.average,
        trainings=len(trained.accuracies),
        mean=mean,
        low=low,
        high=high,
        reward=goal.reward({**trained.trial.metrics, ACCURACY: mean}),
    )
