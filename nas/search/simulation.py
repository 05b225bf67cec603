"""Whole searches in simulated time: the loop and a searcher as they are, and trainings that a problem file knows.

Years of trainings on any number of workers pass in seconds. The same arguments give the same search.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from nas.asking.codes import encode, random_codes
from nas.asking.problem import Earlier, Problem, Scored
from nas.errors import DivergedError
from nas.objective import Objective
from nas.pruner import pruner
from nas.search.journal import MemoryJournal
from nas.search.loop import Search, Steps
from nas.searcher import searcher
from nas.space import Candidate
from nas.tabular.curves import Curves
from nas.tabular.problem import TabularProblem
from nas.trial import Metrics, State, Trial

SAMPLES = 1000
"""Number of networks whose median latency is that of the average trial time."""


@dataclass(frozen=True, slots=True)
class TrialTimes:
    """How long trainings take: median_s seconds for a network of the median latency of the space.

    power: time grows as this power of latency, 0 for equal times. spread: standard deviation of the logarithm of a
    factor that is drawn for each trial.
    """

    median_s: float = 600.0
    power: float = 1.0
    spread: float = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: a number of trials on so many workers.

    failures: share of the trainings that fail, part of the way through. noise: as in TabularProblem.observed. earlier:
    as in nas.asking.problem.Problem; what they trained as this search does is not trained again. epochs: of a whole
    training. scored: as in nas.asking.problem.Problem.
    """

    trials: int
    workers: int = 1
    seed: int = 0
    times: TrialTimes = TrialTimes()
    failures: float = 0.0
    noise: float = 1.0
    earlier: tuple[Earlier, ...] = ()
    epochs: int = 1
    scored: Scored | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A trial that has ended, so many simulated seconds after the search began. epochs: that all trials were trained
    for by then.
    """

    seconds: float
    trial: Trial
    epochs: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """A search that has ended: its trials in the order in which they ended, the seconds that workers trained, and the
    number of candidates that a limit refused.
    """

    ended: tuple[Ended, ...]
    worker_seconds: float
    refused: int

    @property
    def seconds(self) -> float:
        """What the search took."""
        return self.ended[-1].seconds if self.ended else 0.0

    @property
    def epochs(self) -> int:
        """What was trained in all."""
        return self.ended[-1].epochs if self.ended else 0

    def trained(self, epochs: int | None = None) -> list[Trial]:
        """The trial of each network that was trained with success, here or in an earlier search, once, in the order in
        which trainings ended. epochs: those alone that ended before more epochs were trained in all.
        """
        first: dict[str, Trial] = {}
        for each in self.ended:
            if each.trial.state is State.SUCCEEDED and (epochs is None or each.epochs <= epochs):
                first.setdefault(each.trial.candidate.architecture.network_id, each.trial)
        return list(first.values())


def simulate(
    problem: TabularProblem,
    config: Mapping[str, Any] | str,
    objective: Objective,
    plan: Plan,
    pruning: Mapping[str, Any] | str | None = None,
) -> Simulated:
    """Search the problem with the searcher that config names, and the pruner that pruning names.

    InfeasibleError as in nas.search.loop.Search.run; SpecError if the pruner does not fit the plan.
    """
    made = searcher.make(
        config, Problem(problem.space, objective, problem.known, plan.earlier, scored=plan.scored), plan.seed
    )
    workers = _Workers(problem, plan)
    stops = None if pruning is None else pruner.make(pruning, objective, plan.epochs)
    search = Search(made, objective, MemoryJournal(), stops)
    steps = Steps(
        known=workers.known,
        train=lambda trial: workers.train_until(trial, plan.epochs),
        cached_training=workers.trained_before,
        store_training=lambda _candidate, _metrics: None,
        report=workers.report,
        completed=workers.completed,
        train_until=workers.train_until,
    )
    search.run(steps, max_trials=plan.trials, parallel=plan.workers)
    return Simulated(tuple(workers.ended.values()), workers.worker_seconds, search.refused)


class Outcome:
    """The networks that a search trained with success, as its judge sees them.

    trials: as Simulated.trained. accuracy (true), observed (both fractions) and latency_ms are [n] in that order.
    """

    def __init__(self, problem: TabularProblem, simulated: Simulated, epochs: int | None = None) -> None:
        """epochs: as of Simulated.trained."""
        self.trials = simulated.trained(epochs)
        codes = encode(problem.space, [trial.candidate.choices for trial in self.trials])
        self._scores = problem.scores
        self.accuracy, self.latency_ms = problem.accuracy(codes), problem.known(codes)["latency_ms"]
        self.observed = np.array([trial.metrics["accuracy"] for trial in self.trials])
        self._trainings = np.cumsum([not trial.reused for trial in self.trials])

    def hypervolume(self, trainings: int) -> float:
        """Normalised, after so many trainings here, or after all if there are fewer."""
        count = int(np.searchsorted(self._trainings, trainings, side="right"))
        return self._scores.hypervolume(self.accuracy[:count], self.latency_ms[:count])

    def regret(self, target: str, trainings: int) -> float:
        """In accuracy points, at a target of the file, after so many trainings."""
        return self._scores.regret(
            target,
            observed=self.observed[:trainings],
            accuracy=self.accuracy[:trainings],
            latency_ms=self.latency_ms[:trainings],
        )


def earlier_of(problem: TabularProblem, simulated: Simulated, *, same: bool) -> Earlier:
    """What a search has found, for another that begins with it. same: as in Earlier."""
    outcome = Outcome(problem, simulated)
    codes = encode(problem.space, [trial.candidate.choices for trial in outcome.trials])
    return Earlier(problem.name, codes, {"accuracy": outcome.observed}, same)


class _Workers:
    """Simulated workers and their clock, which moves to the end of the next training when the loop waits for one."""

    def __init__(self, problem: TabularProblem, plan: Plan) -> None:
        self._problem, self._plan = problem, plan
        self._now = 0.0
        self._running: list[tuple[float, int, Future[Metrics]]] = []
        sample = random_codes(problem.space, SAMPLES, np.random.default_rng(plan.seed))
        self._median_ms = float(np.median(problem.known(sample)["latency_ms"]))
        self._curves = Curves(problem, plan.epochs)
        self._epochs = 0
        self.ended: dict[int, Ended] = {}
        self.worker_seconds = 0.0
        same = [earlier for earlier in plan.earlier if earlier.same]
        self._before = {
            row.tobytes(): float(accuracy)
            for earlier in same
            for row, accuracy in zip(earlier.codes, earlier.metrics["accuracy"], strict=True)
        }

    def trained_before(self, candidate: Candidate[Any]) -> Metrics | None:
        """What an earlier search found that trained as this one does."""
        accuracy = self._before.get(encode(self._problem.space, [candidate.choices]).tobytes())
        return None if accuracy is None else {"accuracy": accuracy, "train_seconds": 0.0}

    def known(self, candidate: Candidate[Any]) -> Metrics:
        columns = self._problem.known(encode(self._problem.space, [candidate.choices]))
        return {name: float(values[0]) for name, values in columns.items()}

    def train_until(self, trial: Trial, epochs: int) -> Future[Metrics]:
        """A training from the trial's last rung, under way: the loop looks at its result when the clock comes there."""
        times, share = self._plan.times, (epochs - trial.rung) / self._plan.epochs
        rng = np.random.default_rng([self._plan.seed, trial.number, *([trial.rung] if trial.rung else [])])
        seconds = times.median_s * (trial.metrics["latency_ms"] / self._median_ms) ** times.power * share
        seconds *= exp(times.spread * rng.standard_normal())
        future: Future[Metrics] = Future()
        if rng.random() < self._plan.failures * share:
            seconds *= rng.random()
            future.set_exception(DivergedError("a failure of the simulation"))
        else:
            accuracy = self._observed(trial.candidate, epochs)
            future.set_result({"accuracy": accuracy, "train_seconds": seconds, "epochs": epochs})
        self.worker_seconds += seconds
        self._epochs += epochs - trial.rung
        self._running.append((self._now + seconds, trial.number, future))
        return future

    def _observed(self, candidate: Candidate[Any], epochs: int) -> float:
        codes = encode(self._problem.space, [candidate.choices])
        return float(self._curves.observed(codes, epochs, self._plan.seed, self._plan.noise)[0])

    def completed(self, running: Collection[Future[Metrics]]) -> list[Future[Metrics]]:
        """The first of these that ends; the clock moves there."""
        first = min((each for each in self._running if each[2] in running), key=lambda each: each[:2])
        self._running.remove(first)
        self._now = max(self._now, first[0])
        return [first[2]]

    def report(self, trial: Trial) -> None:
        if trial.state is not State.RUNNING:
            self.ended.pop(trial.number, None)  # it had been pruned, and has gone on
            self.ended[trial.number] = Ended(self._now, trial, self._epochs)
