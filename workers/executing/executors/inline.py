"""Tasks in the calling process, one after the other: for debugging, and where processes cannot be started."""

from concurrent.futures import Future
from typing import Any

from nas.trial import Report
from workers.executing.executor import Executor, Task, executor


@executor("inline")
class InlineExecutor(Executor):
    """submit returns when the task has ended, so it cannot be cancelled."""

    def submit(self, task: Task, *arguments: Any, report: Report) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(task(*arguments, report=report))
        except Exception as error:  # noqa: BLE001 - what a task raises is its future's
            done.set_exception(error)
        return done

    def close(self) -> None:
        """Nothing runs between calls."""
