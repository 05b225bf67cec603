"""The time that is left of a search under way: at its own pace so far, and at that of earlier searches before that."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

from nas.forecast import MEASURING_S, NETWORK_S, Pace, Plan, step_seconds
from nas.quantities import duration
from nas.trial import Metrics, State, Trial
from workers.searching.recording.progress_listener import ProgressListener

LEAST_S = 1.0
"""The least time that is left of a search that has not ended."""

MEASURING_NETWORKS = "NETWORKS"
"""The end of the phase FINALISTS: all trainings have ended."""

SHORT_TRAININGS = ("TRAINING", "REPEATS", "BASELINE")
"""Phases whose trainings are by the trials' recipe."""


@dataclass(slots=True)
class _Phase:
    """The phase under way. done: by what is being done, what was done of it in this process, in kernels or in epochs of
    one training; total: of all that. counted_s: since when done counts. first: the kernels that were measured then.
    """

    name: str
    began_s: float
    total: float = 0.0
    counted_s: float | None = None
    first: float = 0.0
    done: dict[str, float] = field(default_factory=dict)


class Forecast:
    """A ProgressListener that passes all on, and times it. say_left: say with each phase how much time is left,
    and after the first trials if that was not known before.
    """

    def __init__(
        self,
        listener: ProgressListener,
        plan: Plan,
        pace: Pace,
        *,
        say_left: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener, self._plan, self._pace, self._clock = listener, plan, pace, clock
        self._say_left, self._told = say_left, False
        self._lock = RLock()  # epochs come from workers' threads, and others ask for what is left
        self._phase = _Phase("STARTING", clock())
        self._ended = self._reused = 0
        self._trained: dict[int, float] = {}

    def resumed(self, ended: int) -> None:
        """So many trials had ended before this process began."""
        self._ended = ended

    def replanned(self, plan: Plan, pace: Pace) -> None:
        """The trials are others than planned. pace: of earlier searches with such trials."""
        with self._lock:
            self._plan, self._pace = plan, replace(pace, measuring_s=self._pace.measuring_s, preparation_s=None)

    def left_s(self) -> float | None:
        """Seconds until the search ends, at least LEAST_S; None as long as no training was timed on this machine."""
        with self._lock:
            return self._left_s()

    def _left_s(self) -> float | None:
        pace, phase = self._pace_now(), self._phase
        expected = step_seconds(self._plan, pace)
        if expected is None:
            return None
        if phase.name == MEASURING_NETWORKS:
            network_s = NETWORK_S if pace.network_s is None else pace.network_s
            return max(LEAST_S, phase.total * network_s - self._elapsed_s())
        names = list(expected)
        if phase.name not in names:
            return max(LEAST_S, sum(expected.values()))
        here = self._left_of_phase(expected[phase.name], pace)
        return max(LEAST_S, here + sum(expected[name] for name in names[names.index(phase.name) + 1 :]))

    def pace(self) -> dict[str, Any]:
        """The pace so far, from which later searches are forecast (Pace.of_past)."""
        return self._pace_now().row(self._plan)

    @contextmanager
    def measuring_networks(self, count: int) -> Iterator[None]:
        """Within it, finalists and references are measured; all trainings have ended."""
        self._pace = self._pace_now()
        self._phase = _Phase(MEASURING_NETWORKS, self._clock(), total=count)
        if count:
            self._tell()
        yield
        if count:
            self._pace = replace(self._pace, network_s=self._elapsed_s() / count)

    def phase(self, phase: str) -> None:
        self._pace = self._pace_now()
        if self._phase.name == "MEASURING":
            self._pace = replace(self._pace, measuring_s=self._elapsed_s())
        if self._phase.name == "PREPARING":
            self._pace = replace(self._pace, preparation_s=self._elapsed_s())
        plan = self._plan
        epochs = {
            "CHECKING": plan.checked * plan.check_epochs,
            "REPEATS": plan.repeats * plan.trial_epochs,
            "BASELINE": plan.baseline * plan.trial_epochs,
            "REFERENCES": plan.references * plan.final_epochs,
            "FINALISTS": plan.finalists * plan.final_epochs,
        }
        self._phase = _Phase(phase, self._clock(), total=float(epochs.get(phase, 0)))
        if epochs.get(phase, 1):
            self._tell()
        self._listener.phase(phase)

    def step(self, what: str, done: int, total: int, left_s: float | None = None) -> None:
        with self._lock:
            self._count_step(what, done, total)
        if not self._told and len(self._trained) >= self._plan.parallel:
            self._tell()
        self._listener.step(what, done, total, left_s)

    def _count_step(self, what: str, done: int, total: int) -> None:
        if self._phase.name == "MEASURING":
            if self._phase.counted_s is None:  # the first batch may have followed others of an earlier search
                self._phase.counted_s, self._phase.first = self._clock(), done
            self._phase.total, self._phase.done[what] = total - self._phase.first, done - self._phase.first
        elif self._phase.name == "TRAINING":
            self._ended, self._plan = done, replace(self._plan, trials=total)

    def epoch(self, what: str, trial: int | None, epoch: int, epochs: int, metrics: Metrics) -> None:
        with self._lock:
            self._phase.done[what] = float(epoch)
            if self._phase.name == "PREPARING":
                self._phase.total = float(epochs)
        self._listener.epoch(what, trial, epoch, epochs, metrics)

    def trial(self, trial: Trial, total: int) -> None:
        if trial.state is not State.RUNNING:
            with self._lock:
                self._reused += trial.reused
                if not trial.reused:
                    epochs = float(trial.rung if trial.state is State.PRUNED else self._plan.trial_epochs)
                    self._phase.done[f"trial {trial.number}"] = self._trained[trial.number] = epochs
        self._listener.trial(trial, total)

    def say(self, text: str) -> None:
        self._listener.say(text)

    def started(self, number: int) -> None:
        self._listener.started(number)

    def _elapsed_s(self) -> float:
        return self._clock() - self._phase.began_s

    def _left_of_phase(self, expected_s: float, pace: Pace) -> float:
        """expected_s: of the whole phase, as long as nothing in it has been done."""
        phase, elapsed_s = self._phase, self._elapsed_s()
        done, networks_s = sum(phase.done.values()), 0.0
        if phase.name == "FINALISTS":
            networks_s = self._plan.networks * (NETWORK_S if pace.network_s is None else pace.network_s)
        total = self._total_of_trials() if phase.name == "TRAINING" else phase.total
        counted_s = elapsed_s if phase.counted_s is None else self._clock() - phase.counted_s
        left_s = counted_s * max(0.0, total - done) / done if done and total else expected_s - networks_s - elapsed_s
        if phase.name == "MEASURING":
            left_s = min(left_s, MEASURING_S - elapsed_s)
        return max(0.0, left_s) + networks_s

    def _total_of_trials(self) -> float:
        """Epochs of the trials that were trained here and of those that have not ended, without the share of these that
        is not trained again.
        """
        count, epochs = len(self._trained), sum(self._trained.values())
        share = count / (count + self._reused) if count else 1.0
        each = epochs / count if count else self._plan.trial_epochs * self._plan.trained
        return epochs + share * each * max(0, self._plan.trials - self._ended)

    def _pace_now(self) -> Pace:
        """The pace with the seconds of this phase's trainings, if there are any."""
        done, plan, phase = sum(self._phase.done.values()), self._plan, self._phase.name
        if phase not in {*SHORT_TRAININGS, "REFERENCES", "FINALISTS"} or not done or not self._elapsed_s():
            return self._pace
        side_by_side = min(plan.parallel, plan.trials if phase == "TRAINING" else len(self._phase.done))
        epoch_s = self._elapsed_s() * side_by_side / done
        if phase in SHORT_TRAININGS:
            return replace(self._pace, work_s=epoch_s / plan.work)
        return replace(self._pace, longer_s=epoch_s / plan.longer_work)

    def _tell(self) -> None:
        left_s = self.left_s() if self._say_left else None
        if left_s is not None:
            self._told = True
            self._listener.say(f"about {duration(left_s)} left")
