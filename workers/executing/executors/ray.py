"""Tasks on warm Ray actors, on this machine or a cluster: RAY_ADDRESS names one, else Ray is started here.

Ray holds nothing but work in flight. Its own retries are off, since the pool starts a task again, and the ledger knows.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Iterator
from typing import Any

from workers.executing.executor import Task, executor
from workers.executing.openmp import openmp_variables
from workers.executing.pool import Ended, Reported, Worker, WorkerGoneError, perform
from workers.executing.ray_cluster import RayPoolExecutor


@executor("ray")
class RayExecutor(RayPoolExecutor):
    """One actor for each worker, started when there is a task for it. Other executors may use the same cluster."""

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self._ray = self._cluster.ray
        self._actor = self._ray.remote(Actor).options(
            num_cpus=threads,
            num_gpus=self._cluster.gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=2,
        )
        self._cluster.watch(self.lose)

    def start_worker(self) -> Worker:
        actor = self._actor.remote(self.threads)
        ready = actor.ready.remote()
        while not self._closed and self._lost is None:
            try:
                if self._ray.wait([ready], timeout=1.0)[0]:
                    self._ray.get(ready)
                    return _Remote(self._ray, actor)
            except self._ray.exceptions.RayError as error:
                raise WorkerGoneError(str(error)) from error
        raise WorkerGoneError("the executor is closed")


class Actor:
    """A worker's process."""

    def __init__(self, threads: int) -> None:
        os.environ.update(openmp_variables(threads))
        self._stopped: set[int] = set()

    def ready(self) -> None:
        """Returns as soon as the process has started."""

    def stop(self, number: int) -> None:
        self._stopped.add(number)

    def run(self, number: int, task: Task, arguments: tuple[Any, ...]) -> Iterator[Reported | Ended]:
        """The task's messages, as they come."""
        import ray  # noqa: PLC0415 - the driver loads this module without a need of Ray

        given = tuple(ray.get(value) if isinstance(value, ray.ObjectRef) else value for value in arguments)
        messages: queue.SimpleQueue[Reported | Ended] = queue.SimpleQueue()
        work = (task, given, messages.put, lambda: number in self._stopped)
        threading.Thread(target=perform, args=work, daemon=True).start()
        while True:
            message = messages.get()
            yield message
            if isinstance(message, Ended):
                return


class _Remote:
    """The driver's end of an actor."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def run(self, number: int, task: Task, arguments: tuple[Any, ...]) -> Iterator[Reported | Ended]:
        try:
            stream = self._actor.run.options(num_returns="streaming").remote(number, task, arguments)
            for message in stream:
                yield self._ray.get(message)
        except self._ray.exceptions.RayTaskError as error:
            yield Ended(error=RuntimeError(f"the task could not be given to its worker: {error}"))
        except self._ray.exceptions.RayError as error:
            raise WorkerGoneError(str(error)) from error

    def stop(self, number: int) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._actor.stop.remote(number)

    def kill(self) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)
