"""Tasks on warm Ray actors, on this machine or a cluster: RAY_ADDRESS names one, else Ray is started here.

Ray holds nothing but work in flight. Its own retries are off, since the pool starts a task again, and the ledger knows.
"""

import contextlib
import os
import queue
import secrets
import socket
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

from nas.dataset import Dataset
from workers.executor import ExecutorLostError, Task, executor
from workers.pool import Ended, PoolExecutor, Reported, Worker, WorkerGoneError, perform

OBJECT_STORE_BYTES = 256 * 2**20
"""For data sets; Ray's own default is 30 % of the memory."""
SHARED_SETS = 4
"""Data sets kept in the object store; whoever still holds a reference keeps his longer."""
HEALTH_S = 1.0
FAILED_CHECKS = 3
CONNECT_S = 3.0


@executor("ray")
class RayExecutor(PoolExecutor):
    """One actor a worker, hired when there is a task for it. A cluster's CPUs may be shared with other executors."""

    needs_new_process: ClassVar[bool] = True

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self._ray = _start(workers * threads)
        gpus = self._ray.cluster_resources().get("GPU", 0.0)
        self._actor = self._ray.remote(Actor).options(
            num_cpus=threads, num_gpus=gpus / workers, max_restarts=0, max_task_retries=0, max_concurrency=2
        )
        self._shared: dict[str, Any] = {}
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="ray health", daemon=True).start()

    def hire(self) -> Worker:
        actor = self._actor.remote(self.threads)
        ready = actor.ready.remote()
        while not self._over.is_set() and self._lost is None:
            try:
                if self._ray.wait([ready], timeout=1.0)[0]:
                    self._ray.get(ready)
                    return _Remote(self._ray, actor)
            except self._ray.exceptions.RayError as error:
                raise WorkerGoneError(str(error)) from error
        raise WorkerGoneError("the executor is closed")

    def share(self, images: Dataset) -> Any:
        """A reference to the data set in the object store, where it is once, however many searches use it."""
        with self._changed:
            if images.digest not in self._shared:
                self._shared[images.digest] = self._ray.put(images)
                while len(self._shared) > SHARED_SETS:
                    del self._shared[next(iter(self._shared))]
            return self._shared[images.digest]

    def close(self) -> None:
        self._over.set()
        super().close()
        if self._lost is None:
            self._ray.shutdown()

    def check(self) -> None:
        gone = self._gone()
        if gone:
            raise ExecutorLostError(f"Ray's {gone} cannot be reached any more")

    def _gone(self) -> str:
        """Which of Ray's daemons do not listen."""
        node = self._ray._private.worker._global_node  # noqa: SLF001 - Ray tells its socket nowhere else
        host, port = node.gcs_address.rsplit(":", 1)
        listening = {
            "GCS": _listens(socket.AF_INET, (host, int(port))),
            "raylet": _listens(socket.AF_UNIX, node.raylet_socket_name),
        }
        return " and ".join(name for name, there in listening.items() if not there)

    def _watch(self) -> None:
        """Look whether Ray's daemons are there. Ray ends a driver a minute after its GCS has died: be faster."""
        failed = 0
        while not self._over.wait(HEALTH_S):
            gone = self._gone()
            failed = failed + 1 if gone else 0
            if failed >= FAILED_CHECKS:
                self.lose(f"Ray's {gone} cannot be reached any more")
                return


class Actor:
    """A worker's process."""

    def __init__(self, threads: int) -> None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._stopped: set[int] = set()

    def ready(self) -> None:
        """Answers as soon as the process is there."""

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


def _start(cpus: int) -> Any:
    """Ray, connected. ExecutorLostError if the cluster cannot be reached."""
    address = os.environ.get("RAY_ADDRESS")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if not port.isdigit() or not _listens(socket.AF_INET, (host or "127.0.0.1", int(port))):
            raise ExecutorLostError(f"there is no Ray cluster at {address}; start one, or correct RAY_ADDRESS")
    else:
        # A token of our own, so that none is written to the home folder, and nobody else drives these workers.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # Ray reads it once in a process
    import ray  # noqa: PLC0415 - it takes seconds, and reads the environment

    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            ray.init(num_cpus=cpus, include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)
    except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
        raise ExecutorLostError(f"Ray does not start: {error}") from error
    return ray


def _listens(family: socket.AddressFamily, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_S)
        try:
            probe.connect(address)
        except OSError:
            return False
        return True
