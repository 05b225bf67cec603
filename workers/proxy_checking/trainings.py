"""The trainings of a proxy check: done once each, as many at a time as the search's trials, and timed."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from nas.errors import NasError
from nas.forecast import Pace
from nas.trial import Metrics, Report
from workers.searching.context import SearchContext


@dataclass(frozen=True, slots=True)
class Training:
    """name: in the store. what: for the user. work: of one epoch, in images times multiply-adds (nas.forecast.Plan).

    known: the result of an earlier search, if there is one. start: given a report and what to call when it gets a
    worker, queues it. read: its accuracy and what else is kept of it.
    """

    name: str
    what: str
    longer: bool
    epochs: int
    work: float
    known: Callable[[], dict[str, float] | None]
    start: Callable[[Report, Callable[[], None]], Future[Any]]
    read: Callable[[Any], dict[str, float]]


@dataclass(slots=True)
class _Timed:
    """Of one kind of training: the seconds of all epochs that ended here, and their work."""

    seconds: float = 0.0
    work: float = 0.0


@dataclass(slots=True)
class _Clock:
    """Times epochs; calls come from several threads."""

    now: Callable[[], float]
    lock: Lock = field(default_factory=Lock)
    kinds: dict[bool, _Timed] = field(default_factory=lambda: {False: _Timed(), True: _Timed()})
    since: dict[str, float] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)

    def started(self, training: Training) -> None:
        with self.lock:
            self.since[training.name] = self.now()

    def epoch(self, training: Training, epoch: int) -> None:
        with self.lock:
            now, timed = self.now(), self.kinds[training.longer]
            timed.seconds += now - self.since.get(training.name, now)
            timed.work += training.work
            self.since[training.name], self.done[training.name] = now, epoch

    def work_s(self, *, longer: bool) -> float | None:
        timed = self.kinds[longer]
        return timed.seconds / timed.work if timed.work else None


class Trainings:
    """Does trainings and remembers how long they take.

    ended: called after each, with its name and result, or its error.
    """

    def __init__(self, context: SearchContext, pace: Pace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._context, self._past = context, pace
        self._clock = _Clock(clock)
        self._open: list[Training] = []

    def plan(self, trainings: Iterable[Training]) -> None:
        """Count these among what is left to do."""
        self._open += [training for training in trainings if self._context.store.known(training.name) is None]

    def pace(self) -> Pace:
        """Of this check, and where it has timed nothing of earlier searches."""
        short, longer = self._clock.work_s(longer=False), self._clock.work_s(longer=True)
        return Pace(
            work_s=self._past.work_s if short is None else short,
            longer_s=self._past.longer_s if longer is None else longer,
            measuring_s=self._past.measuring_s,
            preparation_s=self._past.preparation_s,
            network_s=self._past.network_s,
        )

    def left_s(self) -> float | None:
        """Seconds until the trainings that are left have ended; None as long as none was timed on this machine."""
        pace = self.pace()
        short, longer = (pace.work_s or pace.longer_s), (pace.longer_s or pace.work_s)
        if short is None or longer is None:
            return None
        done = dict(self._clock.done)
        seconds = (
            (longer if each.longer else short) * each.work * max(0, each.epochs - done.get(each.name, 0))
            for each in [*self._open]
        )
        return sum(seconds) / self._parallel

    @property
    def _parallel(self) -> int:
        return max(1, min(self._context.spec.parallel, self._context.quota.workers))

    def run(self, trainings: Sequence[Training]) -> dict[str, dict[str, Any]]:
        """The result of each by its name, kept as it ends: accuracy and seconds, or the reason why it failed."""
        waiting, running = [*trainings], dict[Future[Any], Training]()
        results: dict[str, dict[str, Any]] = {}
        total = len(waiting)
        while waiting or running:
            while waiting and len(running) < self._parallel:
                training = waiting.pop(0)
                known = self._known(training)
                if known is None:
                    running[self._start(training)] = training
                else:
                    self._ended(training, results, known, total)
            for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                training = running.pop(future)
                self._ended(training, results, self._result(training, future), total)
        return results

    def _known(self, training: Training) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._context.store.known(training.name)
        if found is None and (earlier := training.known()) is not None:
            found = self._context.store.keep(training.name, {**earlier, "reused": True})
        return found

    def _start(self, training: Training) -> Future[Any]:
        def report(epoch: int, metrics: Metrics) -> None:
            self._clock.epoch(training, epoch)
            self._context.listener.epoch(training.what, None, epoch, max(epoch, training.epochs), metrics)

        return training.start(report, partial(self._clock.started, training))

    def _result(self, training: Training, future: Future[Any]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = training.read(future.result())
        except NasError as error:
            found = {"reason": f"{type(error).__name__}: {error}"}
        return dict(self._context.store.keep(training.name, found))

    def _ended(self, training: Training, results: dict[str, dict[str, Any]], found: dict[str, Any], total: int) -> None:
        results[training.name] = found
        self._open = [each for each in self._open if each.name != training.name]
        listener = self._context.listener
        accuracy = found.get("accuracy")
        listener.say(f"{training.what}  {found['reason'] if accuracy is None else f'accuracy {accuracy:.2%}'}")
        listener.step("longer trainings" if training.longer else "trainings", len(results), total)
