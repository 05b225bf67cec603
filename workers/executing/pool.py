"""A pool of workers that run one task at a time: who waits, who runs, who is stopped, and what is started again."""

import itertools
import logging
import pickle
import threading
import traceback
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from nas.errors import NasError
from nas.evaluator import Report
from nas.trial import Metrics
from workers.executing.executor import Executor, ExecutorLostError, Task, WorkerDiedError

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""How often a task is started in all, when its workers die."""
GRACE_S = 10.0
"""How long a cancelled task has until its next report, before its worker is killed."""
IDLE_S = 60.0
"""How long a worker without a task is kept."""


class WorkerGoneError(Exception):
    """The worker died or was killed while it ran a task."""


class Reported(NamedTuple):
    epoch: int
    metrics: Metrics


class Ended(NamedTuple):
    """A task's value, or what it raised."""

    value: Any = None
    error: Exception | None = None


class Worker(Protocol):
    """One process that runs one task at a time; the pool numbers them."""

    def run(self, number: int, task: Task, arguments: tuple[Any, ...]) -> Iterator[Reported | Ended]:
        """What the task reports, then how it ended. WorkerGoneError if the worker dies."""

    def stop(self, number: int) -> None:
        """Have the task of this number end at its next report; it may be about to start, or over."""

    def kill(self) -> None:
        """End the worker at once. It may be dead already."""


def perform(
    task: Task, arguments: tuple[Any, ...], send: Callable[[Reported | Ended], object], stopped: Callable[[], bool]
) -> None:
    """Inside a worker: run a task and send what it reports, then how it ended."""

    def report(epoch: int, metrics: Metrics) -> None:
        if stopped():
            raise CancelledError
        send(Reported(epoch, dict(metrics)))

    try:
        send(Ended(task(*arguments, report=report)))
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its caller's
        send(Ended(error=portable(error)))


def portable(error: Exception) -> Exception:
    """The error with its traceback as a note; one of a kind that cannot be sent to another process keeps its text."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes of a moment ago
    except Exception:  # noqa: BLE001 - constructors fail as they like
        kind = NasError if isinstance(error, NasError) else RuntimeError
        return portable(kind(str(error)))
    error.add_note("In the worker:\n" + "".join(traceback.format_tb(error.__traceback__)))
    return error


@dataclass(eq=False)
class _Job:
    number: int
    task: Task
    arguments: tuple[Any, ...]
    report: Report
    future: Future[Any] = field(default_factory=Future)
    worker: Worker | None = None
    """Who runs it now."""
    killer: threading.Timer | None = None
    over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, ended: Ended) -> None:
        """Give the future its end, unless it has one. A cancelled one only tells those who wait for it."""
        with self._lock:
            if self.over:
                return
            self.over = True
        if not self.future.set_running_or_notify_cancel():
            return
        if ended.error is None:
            self.future.set_result(ended.value)
        else:
            self.future.set_exception(ended.error)


class PoolExecutor(Executor):
    """Workers are hired when there is more to do than they can take, and let go when they idle.

    A future is pending until its end, so that cancel() works at any time: the task then ends at its next report, and
    its worker is killed if that takes longer than GRACE_S. A report that raises ends the task with that error.
    """

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._taken: set[_Job] = set()
        self._slots: set[threading.Thread] = set()
        self._idle = 0
        self._closed = False
        self._lost: str | None = None

    @abstractmethod
    def hire(self) -> Worker:
        """A fresh worker. WorkerGoneError if none can be had."""

    def check(self) -> None:
        """Called when a worker has died: ExecutorLostError if that is because everything is gone."""

    def submit(self, task: Task, *arguments: Any, report: Report) -> Future[Any]:
        job = _Job(next(self._numbers), task, arguments, report)
        job.future.add_done_callback(lambda _: self._halt(job))
        with self._changed:
            if self._lost is not None or self._closed:
                raise ExecutorLostError(self._lost or "the executor is closed")
            self._waiting.append(job)
            if len(self._waiting) > self._idle and len(self._slots) < self.workers:
                slot = threading.Thread(target=self._serve, name=f"{self.name} worker", daemon=True)
                self._slots.add(slot)
                slot.start()
            self._changed.notify()
        return job.future

    def close(self) -> None:
        with self._changed:
            self._closed = True
            jobs = [*self._waiting, *self._taken]
            workers = [job.worker for job in self._taken if job.worker]
            slots = set() if self._lost else self._slots - {threading.current_thread()}
            self._changed.notify_all()
        for job in jobs:
            job.future.cancel()
        if self._lost is None:
            for worker in workers:
                worker.kill()
        for slot in slots:
            slot.join()

    def lose(self, reason: str) -> None:
        """End every task with ExecutorLostError, now and from now on."""
        with self._changed:
            self._lost = self._lost or reason
            jobs = [*self._waiting, *self._taken]
            self._waiting.clear()
            for job in jobs:
                job.worker = None
            self._changed.notify_all()
        for job in jobs:
            job.settle(Ended(error=ExecutorLostError(reason)))

    def _serve(self) -> None:
        """One slot: runs jobs on its worker until there are none for a while."""
        worker = None
        while (job := self._next()) is not None:
            worker = self._attend(job, worker)
            with self._changed:
                self._taken.discard(job)
        if worker is not None and self._lost is None:
            worker.kill()

    def _next(self) -> _Job | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting or self._closed or self._lost, IDLE_S)
            self._idle -= 1
            if self._closed or self._lost or not self._waiting:
                self._slots.discard(threading.current_thread())
                return None
            job = self._waiting.popleft()
            self._taken.add(job)
            return job

    def _attend(self, job: _Job, worker: Worker | None) -> Worker | None:
        """Run the job, on another worker whenever one dies; returns the worker that is left."""
        for _ in range(ATTEMPTS):
            if job.over:
                return worker
            try:
                worker = worker or self.hire()
                ended = self._follow(job, worker)
            except WorkerGoneError as error:
                if not job.future.done() and self._lost is None:
                    log.warning("a worker has died while it ran a task: %s", " ".join(str(error).split()))
                self._leave(job)
                self._bury(worker)
                worker = None
            except Exception as error:  # noqa: BLE001 - arguments that cannot be sent, for one, are the caller's
                ended = Ended(error=error)
            if worker is not None:
                self._leave(job)
                job.settle(ended)
                return worker
        job.settle(Ended(error=WorkerDiedError(f"the worker process died {ATTEMPTS} times; is memory short?")))
        return None

    def _bury(self, worker: Worker | None) -> None:
        if worker is not None and self._lost is None:
            worker.kill()
        try:
            self.check()
        except ExecutorLostError as error:
            self.lose(str(error))

    def _leave(self, job: _Job) -> None:
        with self._changed:
            job.worker = None
            if job.killer:
                job.killer.cancel()

    def _follow(self, job: _Job, worker: Worker) -> Ended:
        with self._changed:
            if job.over:
                return Ended()
            job.worker = worker
        ended = Ended()
        for message in worker.run(job.number, job.task, job.arguments):
            if isinstance(message, Ended):
                ended = message
            elif not job.over:
                try:
                    job.report(message.epoch, message.metrics)
                except Exception as error:  # noqa: BLE001 - it ends the task, as if it were raised there
                    job.settle(Ended(error=error))
        return ended

    def _halt(self, job: _Job) -> None:
        """The future has its end. If its task still runs: stop it, and kill its worker after a grace."""
        job.settle(Ended(error=CancelledError()))
        with self._changed:
            worker = job.worker
            if worker is None or self._closed:  # when the pool is closed, it is killed at once
                return
            worker.stop(job.number)
            job.killer = threading.Timer(GRACE_S, self._kill, (job, worker))
            job.killer.daemon = True
            job.killer.start()

    def _kill(self, job: _Job, worker: Worker) -> None:
        with self._changed:
            if job.worker is worker and self._lost is None:
                worker.kill()
