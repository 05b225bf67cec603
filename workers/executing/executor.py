"""Executors: where tasks run. A task is a module-level function of plain data."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, ClassVar, Self

from nas.errors import NasError
from nas.registry import Registry
from nas.trial import Report

Task = Callable[..., Any]
"""task(*arguments, report=...): reports each epoch, returns plain data."""


class WorkerDiedError(NasError):
    """The process of a task died, more than once; the machine may be short of memory."""


class ExecutorLostError(NasError):
    """The executor is lost, through no fault of its tasks; start them again on a new one."""


class TaskFuture(Future[Any]):
    """A future whose cancel() stops a task. Several threads may settle it; the first call counts."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self._stop = stop
        self._first = threading.Lock()

    def cancel(self) -> bool:
        self._stop()
        return True

    def settle(self, value: Any = None, error: BaseException | None = None) -> None:
        """End it with a value or an error. CancelledError makes it a cancelled future."""
        if not self._first.acquire(blocking=False):
            return
        if isinstance(error, CancelledError):
            super().cancel()
            self.set_running_or_notify_cancel()
        elif error is not None:
            self.set_exception(error)
        else:
            self.set_result(value)


class Executor(ABC):
    """Runs up to `workers` tasks at the same time; the scheduler holds the others back.

    Reports are delivered in the order they were made.
    """

    name: ClassVar[str]
    needs_new_process: ClassVar[bool] = False
    """Whether a process that has lost this executor cannot have another one."""

    def __init__(self, workers: int, threads: int = 1) -> None:
        self.workers = workers
        self.threads = threads

    @abstractmethod
    def submit(self, task: Task, *arguments: Any, report: Report) -> Future[Any]:
        """Start a task. What it raises is the future's exception; WorkerDiedError if its process died.

        The future ends when the worker is free again, also after cancel(). ExecutorLostError if the executor is closed
        or lost.
        """

    def share(self, digest: str, load: Callable[[], Any]) -> Any:  # noqa: ARG002 - for executors that can
        """What to give tasks for a large value: a reference that workers resolve, or None: they load it themselves.

        digest: a content id of the value. load: called for the value if it is not shared yet.
        """
        return None

    @abstractmethod
    def close(self) -> None:
        """Stop at once, including running tasks."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


executor: Registry[Executor] = Registry("executor", "workers.executing.executors")
