"""Tasks in a pool of processes on this machine. A task whose process dies is started again, three times in all."""

import itertools
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from multiprocessing.queues import SimpleQueue
from typing import Any

from nas.evaluator import Report
from workers.executor import Executor, Task, WorkerDiedError, executor

ATTEMPTS = 3
PARENT_POLL_S = 1.0

_Message = tuple[int, int, dict[str, float]] | None
"""Token of a job, epoch and metrics. None ends the queue."""


@dataclass(frozen=True, slots=True)
class _Job:
    token: int
    task: Task
    arguments: tuple[Any, ...]
    report: Report
    attempts: int = 1
    outcome: Future[Any] = field(default_factory=Future)


class _Pool:
    """Processes with their own queue for reports: a process that is killed while it writes spoils no other pool's."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._reports: SimpleQueue[_Message] = context.SimpleQueue()
        self._listeners: dict[int, Report] = {}
        start = (self._reports, os.getpid())
        self._processes = ProcessPoolExecutor(workers, context, initializer=_become_worker, initargs=start)
        self._delivery = threading.Thread(target=self._deliver, daemon=True)
        self._delivery.start()

    def submit(self, job: _Job) -> Future[Any]:
        self._listeners[job.token] = job.report
        return self._processes.submit(_call, job.token, job.task, job.arguments)

    def shut_down(self) -> None:
        self._processes.shutdown(wait=False, cancel_futures=True)

    def _deliver(self) -> None:
        while (message := self._reports.get()) is not None:
            token, epoch, metrics = message
            self._listeners[token](epoch, metrics)


@executor("process")
class ProcessExecutor(Executor):
    """A dying process takes the pool with it, so all its tasks start again in a new pool."""

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self._tokens = itertools.count()
        self._lock = threading.RLock()
        self._closed = False
        self._pool = _Pool(workers)

    def submit(self, task: Task, *arguments: Any, report: Report) -> Future[Any]:
        job = _Job(next(self._tokens), task, arguments, report)
        self._start(job)
        return job.outcome

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._pool.shut_down()
        for child in multiprocessing.active_children():
            child.terminate()

    def _start(self, job: _Job) -> None:
        with self._lock:
            try:
                inner = self._pool.submit(job)
            except BrokenProcessPool:
                self._pool = _Pool(self.workers)
                inner = self._pool.submit(job)
        inner.add_done_callback(lambda done: self._done(job, done))

    def _done(self, job: _Job, inner: Future[Any]) -> None:
        if self._closed or inner.cancelled():
            job.outcome.cancel()
            return
        error = inner.exception()
        if isinstance(error, BrokenProcessPool) and job.attempts < ATTEMPTS:
            self._start(replace(job, attempts=job.attempts + 1))
        elif isinstance(error, BrokenProcessPool):
            job.outcome.set_exception(WorkerDiedError(f"the worker process died {ATTEMPTS} times; is memory short?"))
        elif error is not None:
            job.outcome.set_exception(error)
        else:
            job.outcome.set_result(inner.result())


_reports: "SimpleQueue[_Message] | None" = None


def _become_worker(reports: "SimpleQueue[_Message]", parent: int) -> None:
    """Prepare a fresh process: reports go to the queue, Ctrl-C is the parent's, and no orphan survives the parent."""
    global _reports  # noqa: PLW0603 - a pool's initializer has no other place to leave things
    _reports = reports
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin would take the cores from other trainings
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)


def _call(token: int, task: Task, arguments: tuple[Any, ...]) -> Any:
    def report(epoch: int, metrics: Any) -> None:
        if _reports is not None:
            _reports.put((token, epoch, dict(metrics)))

    return task(*arguments, report=report)
