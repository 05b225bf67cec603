"""Tasks in processes on this machine. The death of a process affects its own task only."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from nas.service.parent import when_parent_ends
from workers.executing.executor import Task, executor
from workers.executing.openmp import openmp_inherited
from workers.executing.pool import Ended, PoolExecutor, Reported, Worker, WorkerGoneError, perform, portable


@executor("process")
class ProcessExecutor(PoolExecutor):
    def start_worker(self) -> Worker:
        return _Process(self.threads)


class _Process:
    """A process with a pipe: it is sent tasks, and numbers of tasks to stop; it sends messages back."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
        with openmp_inherited(threads):
            self._process.start()
        theirs.close()

    def run(self, number: int, task: Task, arguments: tuple[Any, ...]) -> Iterator[Reported | Ended]:
        try:
            self._pipe.send((number, task, arguments))
            while True:
                message = self._pipe.recv()
                yield message
                if isinstance(message, Ended):
                    return
        except (EOFError, OSError) as error:
            raise WorkerGoneError(str(error)) from error

    def stop(self, number: int) -> None:
        try:
            self._pipe.send(number)
        except OSError:
            return  # it has died, which run() sees too

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: "Connection[Any, Any]", parent: int) -> None:
    """The main function of the process. It ignores Ctrl-C, which the parent handles, and ends with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    when_parent_ends(parent, lambda: os._exit(1))
    stopped = -1

    def is_stopped() -> bool:
        nonlocal stopped
        while pipe.poll():
            stopped = pipe.recv()
        return bool(stopped == number)

    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - a task that cannot be read here is its caller's fault
            pipe.send(Ended(error=portable(error)))
            continue
        if isinstance(message, int):
            stopped = message
        else:
            number, task, arguments = message
            perform(task, arguments, pipe.send, is_stopped)
