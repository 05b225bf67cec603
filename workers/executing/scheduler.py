"""Shares an executor's workers among searches: by priority, and evenly among equal priorities."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from nas.trial import Report
from workers.executing.executor import Executor, ExecutorLostError, Task, TaskFuture

log = logging.getLogger(__name__)

QUIET_WAIT_S = 60.0
"""How long a measurement waits for running tasks to end; then it starts while they run."""


@dataclass(eq=False)
class Quota:
    """One search's share of the workers. The higher priority goes first; running: how many workers it has now."""

    scheduler: "Scheduler"
    priority: int = 0
    running: int = 0
    stopped: bool = False

    def submit(
        self, task: Task, *arguments: Any, report: Report, on_start: Callable[[], None] | None = None
    ) -> "TaskHandle":
        """Queue a task; on_start is called when it gets a worker.

        The handle is cancelled if the search is stopped or the executor is lost.
        """
        handle = TaskHandle(self, on_start, partial(self.scheduler.executor.submit, task, *arguments, report=report))
        self.scheduler.add(handle)
        return handle

    def share(self, digest: str, load: Callable[[], Any]) -> Any:
        """What to give this search's tasks for a large value (Executor.share)."""
        return self.scheduler.executor.share(digest, load)

    def quiet(self) -> AbstractContextManager[None]:
        """Hold back all tasks on these workers, for a measurement on this machine."""
        return self.scheduler.quiet(self)

    @property
    def workers(self) -> int:
        """Of all searches together."""
        return self.scheduler.executor.workers

    @property
    def threads(self) -> int:
        """Of each worker."""
        return self.scheduler.executor.threads

    def waits_for(self) -> str | None:
        """What keeps every task and measurement of this search waiting; None if one runs, or none waits."""
        return self.scheduler.waits_for(self)

    def stop(self) -> None:
        """Cancel what this search has on the workers, now and from now on."""
        self.stopped = True
        self.scheduler.cancel(lambda handle: handle.quota is self)


class TaskHandle(TaskFuture):
    """A task that waits or runs. cancel() ends the future at once, even if the worker stops later."""

    def __init__(self, quota: Quota, on_start: Callable[[], None] | None, begin: Callable[[], Future[Any]]) -> None:
        super().__init__(lambda: quota.scheduler.cancel(lambda handle: handle is self))
        self.quota, self.on_start, self.begin = quota, on_start, begin
        self.on_worker: Future[Any] | None = None

    def order(self) -> tuple[int, int]:
        """The smallest goes first; of equal ones, the one that was submitted first."""
        return (-self.quota.priority, self.quota.running)


class Scheduler:
    """Gives each free worker to the waiting task of the highest priority, then of the search with the fewest running.

    lost is set when the executor is gone; every task is cancelled then.
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.lost = threading.Event()
        self._changed = threading.Condition(threading.RLock())
        self._measuring = threading.Lock()
        self._waiting: list[TaskHandle] = []
        self._running: set[TaskHandle] = set()
        self._quiet = 0
        self._to_measure: set[Quota] = set()

    def quota(self, priority: int = 0) -> Quota:
        return Quota(self, priority)

    def add(self, handle: TaskHandle) -> None:
        with self._changed:
            refused = handle.quota.stopped or self.lost.is_set()
            if not refused:
                self._waiting.append(handle)
        if refused:
            handle.settle(error=CancelledError())
        self._fill()

    @contextmanager
    def quiet(self, quota: Quota) -> Iterator[None]:
        with self._changed:
            self._quiet += 1
            self._to_measure.add(quota)
            self._changed.wait_for(lambda: not self._running, QUIET_WAIT_S)
        try:
            with self._measuring:
                self._to_measure.discard(quota)
                yield
        finally:
            with self._changed:
                self._quiet -= 1
            self._fill()

    def waits_for(self, quota: Quota) -> str | None:
        with self._changed:
            if quota.running or not any(handle.quota is quota for handle in self._waiting):
                return "the other work of this machine to pause, to measure" if quota in self._to_measure else None
            return "a measurement to end" if self._quiet else "a worker: those of other searches come first"

    def cancel(self, chosen: Callable[[TaskHandle], bool]) -> None:
        """Cancel the chosen tasks: waiting ones first, so that none of them gets the worker of a running one."""
        with self._changed:
            withdrawn = [handle for handle in self._waiting if chosen(handle)]
            self._waiting = [handle for handle in self._waiting if not chosen(handle)]
            running = [handle for handle in self._running if chosen(handle)]
        for handle in (*withdrawn, *running):
            handle.settle(error=CancelledError())
        for handle in running:
            if handle.on_worker:
                handle.on_worker.cancel()

    def _fill(self) -> None:
        while (handle := self._next()) is not None:
            self._begin(handle)

    def _next(self) -> TaskHandle | None:
        with self._changed:
            if self._quiet or not self._waiting or len(self._running) >= self.executor.workers:
                return None
            handle = min(self._waiting, key=TaskHandle.order)
            self._waiting.remove(handle)
            self._running.add(handle)
            handle.quota.running += 1
            return handle

    def _begin(self, handle: TaskHandle) -> None:
        try:
            if handle.on_start:
                handle.on_start()
            handle.on_worker = handle.begin()
        except ExecutorLostError as error:
            self._end(handle, error)
        except Exception:
            # on_start failed: its search cannot continue in this process, and its own thread handles the reason.
            log.exception("a task could not begin")
            self._end(handle, CancelledError())
            handle.quota.stop()
        else:
            handle.on_worker.add_done_callback(partial(self._done, handle))
            if handle.done():  # cancelled meanwhile
                handle.on_worker.cancel()

    def _done(self, handle: TaskHandle, future: Future[Any]) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        self._end(handle, error, None if error else future.result())
        self._fill()

    def _end(self, handle: TaskHandle, error: BaseException | None, value: Any = None) -> None:
        """The task's worker is free again."""
        with self._changed:
            self._running.discard(handle)
            handle.quota.running -= 1
            self._changed.notify_all()
        if isinstance(error, ExecutorLostError):
            self.lost.set()
            self.cancel(lambda other: other not in self._running)
            error = CancelledError()
        handle.settle(value, error)
