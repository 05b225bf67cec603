"""A pool of worker processes that run one task at a time; tasks are restarted when their worker dies."""

import itertools
import logging
import pickle
import threading
import traceback
from abc import abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any, NamedTuple, Protocol

from nas.errors import NasError
from nas.trial import Metrics, Report
from workers.executing.executor import Executor, ExecutorLostError, Task, TaskFuture, WorkerDiedError

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""How many times a task is started, counting the first, while its workers die."""
GRACE_S = 10.0
"""How long a cancelled task may run until its next report; then its worker is killed."""
IDLE_S = 60.0
"""How long a worker without a task is kept."""


class WorkerGoneError(Exception):
    """The worker died or was killed while it ran a task, or could not be started."""


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
        """Have the task of this number end at its next report. It may not have started yet, or may be over."""

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
    """The error with its traceback as a note. One that cannot be pickled becomes a plain error with the same text."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes of a moment ago
    except Exception:  # noqa: BLE001 - constructors fail as they like
        kind = NasError if isinstance(error, NasError) else RuntimeError
        return portable(kind(str(error)))
    error.add_note("In the worker:\n" + "".join(traceback.format_tb(error.__traceback__)))
    return error


class _Job(TaskFuture):
    """A task in the pool; it is run on another worker when one dies.

    worker: the one that runs it now. stopped: the error that it ends with after it was cancelled or its report failed.
    """

    def __init__(
        self, number: int, task: Task, arguments: tuple[Any, ...], report: Report, stop: "Callable[[_Job], None]"
    ) -> None:
        super().__init__(lambda: stop(self))
        self.number, self.task, self.arguments, self.report = number, task, arguments, report
        self.worker: Worker | None = None
        self.stopped: Exception | None = None
        self.killer: threading.Timer | None = None
        self.thread: threading.Thread


class PoolExecutor(Executor):
    """Starts a worker when none is idle, and ends a worker that has been idle for IDLE_S.

    A cancelled task ends at its next report; its worker is killed if that takes longer than GRACE_S. A report that
    raises ends the task with that error.
    """

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self._numbers = itertools.count()
        self._lock = threading.RLock()
        self._jobs: set[_Job] = set()
        self._idle: dict[Worker, threading.Timer] = {}
        self._closed = False
        self._lost: str | None = None

    @abstractmethod
    def start_worker(self) -> Worker:
        """A new worker. WorkerGoneError if none can be started."""

    def check(self) -> None:
        """Called when a worker has died. ExecutorLostError if the executor as a whole is lost."""

    def submit(self, task: Task, *arguments: Any, report: Report) -> TaskFuture:
        job = _Job(next(self._numbers), task, arguments, report, self._stop)
        job.thread = threading.Thread(target=self._run_job, args=(job,), name=f"{self.name} worker", daemon=True)
        with self._lock:
            if self._lost is not None or self._closed:
                raise ExecutorLostError(self._lost or "the executor is closed")
            self._jobs.add(job)
            job.thread.start()
        return job

    def close(self) -> None:
        with self._lock:
            self._closed = True
            jobs = list(self._jobs)
            workers = [*self._idle, *(job.worker for job in jobs if job.worker)]
            threads: list[threading.Thread] = [*self._idle.values(), *(job.thread for job in jobs)]
            for timer in self._idle.values():
                timer.cancel()
            self._idle.clear()
        for job in jobs:
            job.cancel()
        if self._lost is None:
            for worker in workers:
                worker.kill()
            for thread in threads:
                if thread is not threading.current_thread():
                    thread.join()

    def lose(self, reason: str) -> None:
        """End every task with ExecutorLostError, now and from now on."""
        with self._lock:
            self._lost = self._lost or reason
            jobs = list(self._jobs)
            for job in jobs:
                job.worker = None
        for job in jobs:
            job.settle(error=ExecutorLostError(reason))

    def _run_job(self, job: _Job) -> None:
        """Run the job in a thread of its own."""
        ended = self._run_with_retries(job)
        job.settle(ended.value, job.stopped or ended.error)
        with self._lock:
            self._jobs.discard(job)

    def _run_with_retries(self, job: _Job) -> Ended:
        """Run the job, on another worker when one dies. The worker is back in the pool when this returns."""
        for _ in range(ATTEMPTS):
            if self._lost is not None:
                return Ended(error=ExecutorLostError(self._lost))
            if job.stopped:
                return Ended()
            worker = None
            try:
                worker = self._take_worker()
                ended = self._run_on_worker(job, worker)
            except WorkerGoneError as error:
                if job.stopped is None and self._lost is None:
                    log.warning("a worker has died while it ran a task: %s", " ".join(str(error).split()))
                self._handle_death(worker)
                continue
            except Exception as error:  # noqa: BLE001 - arguments that cannot be sent, for one, are the caller's
                ended = Ended(error=error)
            if worker is not None:
                self._keep_idle(worker)
            return ended
        return Ended(error=WorkerDiedError(f"the worker process died {ATTEMPTS} times; is memory short?"))

    def _take_worker(self) -> Worker:
        with self._lock:
            if self._idle:
                worker, timer = self._idle.popitem()
                timer.cancel()
                return worker
        return self.start_worker()

    def _keep_idle(self, worker: Worker) -> None:
        """Keep the worker for the next task, for IDLE_S."""
        with self._lock:
            if not self._closed:
                timer = self._idle[worker] = threading.Timer(IDLE_S, self._end_idle, (worker,))
                timer.daemon = True
                timer.start()
                return
        self._kill(worker)

    def _end_idle(self, worker: Worker) -> None:
        """End a worker that has been idle for IDLE_S."""
        with self._lock:
            if self._idle.pop(worker, None) is None:  # it has just got a task
                return
        self._kill(worker)

    def _kill(self, worker: Worker) -> None:
        if self._lost is None:
            worker.kill()

    def _handle_death(self, worker: Worker | None) -> None:
        """Clean up after a worker that died or could not be started, and check whether the whole executor is lost."""
        if worker is not None:
            self._kill(worker)
        try:
            self.check()
        except ExecutorLostError as error:
            self.lose(str(error))

    def _run_on_worker(self, job: _Job, worker: Worker) -> Ended:
        """Run the job once on this worker, and deliver its reports. WorkerGoneError if the worker dies."""
        with self._lock:
            if job.stopped:
                return Ended()
            job.worker = worker
        ended = Ended()
        try:
            for message in worker.run(job.number, job.task, job.arguments):
                if isinstance(message, Ended):
                    ended = message
                elif job.stopped is None:
                    try:
                        job.report(message.epoch, message.metrics)
                    except Exception as error:  # noqa: BLE001 - it ends the task, as if it were raised there
                        self._stop(job, error)
        finally:
            with self._lock:
                job.worker = None
                if job.killer:
                    job.killer.cancel()
        return ended

    def _stop(self, job: _Job, error: Exception | None = None) -> None:
        """Stop the job, with the error or as cancelled: at its next report, or by killing its worker after GRACE_S."""
        with self._lock:
            if job.stopped or job.done():
                return
            job.stopped = error or CancelledError()
            worker = job.worker
            if worker is None:
                return
            if self._closed:  # it has got the worker while the pool was being closed
                self._kill(worker)
                return
            worker.stop(job.number)
            job.killer = threading.Timer(GRACE_S, self._kill_if_running, (job, worker))
            job.killer.daemon = True
            job.killer.start()

    def _kill_if_running(self, job: _Job, worker: Worker) -> None:
        """Kill the worker if it still runs the job."""
        with self._lock:
            if job.worker is worker:
                self._kill(worker)
