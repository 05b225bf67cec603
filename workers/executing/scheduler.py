"""Slots: an executor's workers, shared among searches by priority and then evenly."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nas.dataset import Dataset
from nas.evaluator import Report
from workers.executing.executor import Executor, ExecutorLostError, Task

log = logging.getLogger(__name__)

QUIET_WAIT_S = 60.0
"""How long a measurement waits for running tasks to end before it starts beside them."""


class Ticket(Future[Any]):
    """A task that waits for a worker or runs. cancel() takes it off the list, or stops it."""

    def __init__(self, stop: "Callable[[Ticket], None]") -> None:
        super().__init__()
        self._stop = stop

    def cancel(self) -> bool:
        self._stop(self)
        return True

    def withdraw(self) -> None:
        """End as cancelled, and tell whoever waits."""
        if super().cancel():
            self.set_running_or_notify_cancel()


@dataclass(eq=False)
class Share:
    """One search's way to the workers. on_start is called when a task of it gets one, with what was given to submit."""

    slots: "Slots"
    priority: int = 0
    running: int = 0
    stopped: bool = False

    def submit(self, task: Task, *arguments: Any, report: Report, on_start: Callable[[], None] | None = None) -> Ticket:
        """Queue a task; the future is cancelled if the search is stopped or the executor is lost."""
        return self.slots.add(_Request(self, task, arguments, report, on_start))

    def lend(self, images: Dataset) -> Any:
        """What to give this search's tasks for their data set (Executor.share)."""
        return self.slots.executor.share(images)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Hold back all tasks on these workers, for a measurement on this machine."""
        with self.slots.quiet():
            yield

    def stop(self) -> None:
        """Cancel what this search has on the workers, now and from now on."""
        self.stopped = True
        self.slots.stop(lambda request: request.share is self)


@dataclass(eq=False)
class _Request:
    share: Share
    task: Task
    arguments: tuple[Any, ...]
    report: Report
    on_start: Callable[[], None] | None
    number: int = 0
    ticket: Ticket = field(init=False)
    inner: Future[Any] | None = None

    def order(self) -> tuple[int, int, int]:
        return (-self.share.priority, self.share.running, self.number)


class Slots:
    """Gives each free worker to the waiting task of the highest priority, then of the search with the fewest running.

    lost is set when the executor is gone; every task is cancelled then.
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._changed = threading.Condition(threading.RLock())
        self._measuring = threading.Lock()
        self._waiting: list[_Request] = []
        self._running: dict[Ticket, _Request] = {}
        self._submitted = 0
        self._quiet = 0
        self.lost = threading.Event()

    def share(self, priority: int = 0) -> Share:
        return Share(self, priority)

    def add(self, request: _Request) -> Ticket:
        request.ticket = Ticket(lambda ticket: self.stop(lambda request: request.ticket is ticket))
        with self._changed:
            if request.share.stopped or self.lost.is_set():
                request.ticket.withdraw()
                return request.ticket
            self._submitted += 1
            request.number = self._submitted
            self._waiting.append(request)
        self._fill()
        return request.ticket

    @contextmanager
    def quiet(self) -> Iterator[None]:
        with self._changed:
            self._quiet += 1
            self._changed.wait_for(lambda: not self._running, QUIET_WAIT_S)
        try:
            with self._measuring:
                yield
        finally:
            with self._changed:
                self._quiet -= 1
            self._fill()

    def _fill(self) -> None:
        while (request := self._next()) is not None:
            self._begin(request)

    def _begin(self, request: _Request) -> None:
        try:
            if request.on_start:
                request.on_start()
            inner = self.executor.submit(request.task, *request.arguments, report=request.report)
        except ExecutorLostError:
            self._leave(request)
            self._lose()
            request.ticket.withdraw()
        except Exception:
            # Whoever on_start tells has gone: the search cannot go on here, and will find out why.
            log.exception("a task could not begin")
            self._leave(request)
            request.share.stop()
            request.ticket.withdraw()
        else:
            request.inner = inner
            inner.add_done_callback(partial(self._done, request))
            if request.share.stopped:
                inner.cancel()

    def _next(self) -> _Request | None:
        with self._changed:
            if self._quiet or not self._waiting or len(self._running) >= self.executor.workers:
                return None
            request = min(self._waiting, key=_Request.order)
            self._waiting.remove(request)
            self._running[request.ticket] = request
            request.share.running += 1
            return request

    def _done(self, request: _Request, inner: Future[Any]) -> None:
        self._leave(request)
        error = None if inner.cancelled() else inner.exception()
        if isinstance(error, ExecutorLostError):
            self._lose()
        if inner.cancelled() or isinstance(error, ExecutorLostError):
            request.ticket.withdraw()
        elif error is not None:
            request.ticket.set_exception(error)
        else:
            request.ticket.set_result(inner.result())
        self._fill()

    def _leave(self, request: _Request) -> None:
        with self._changed:
            del self._running[request.ticket]
            request.share.running -= 1
            self._changed.notify_all()

    def stop(self, chosen: "Callable[[_Request], bool]") -> None:
        """Cancel the chosen requests: those that wait first, so that none of them takes the place of one that runs."""
        with self._changed:
            withdrawn = [request for request in self._waiting if chosen(request)]
            self._waiting = [request for request in self._waiting if not chosen(request)]
            running = [request for request in self._running.values() if chosen(request)]
        for request in withdrawn:
            request.ticket.withdraw()
        for request in running:
            if request.inner:
                request.inner.cancel()

    def _lose(self) -> None:
        self.lost.set()
        self.stop(lambda request: request.ticket not in self._running)
