"""Ray for this process: a cluster that RAY_ADDRESS names, or one started here."""

import contextlib
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, ClassVar

from nas.service import ray_address
from nas.service.settings import Settings, read_settings
from workers.executing.executor import ExecutorLostError
from workers.executing.pool import PoolExecutor
from workers.executing.ray_session import RaySession

MAX_SHARED = 8
"""Data sets and the like kept in the object store; older ones are dropped when no task refers to them."""
HEALTH_S = 1.0
FAILED_CHECKS = 3
RECONNECT_S = 10
"""By default Ray waits a minute for a GCS that was killed during the start, before it is watched here. A GCS that was
started here does not return."""
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a call that comes after the end would start a Ray of its own
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # Ray would print the deaths of workers to stdout; the pool logs them
}

Given = dict[str, Any]
"""Arguments of ray.init."""


class Cluster:
    """A connection to Ray with workers * threads CPUs; one at a time in a process.

    ray: the library, connected. gpus: a worker's share of the GPUs. ExecutorLostError if Ray cannot be reached or
    started.
    """

    def __init__(self, workers: int, threads: int) -> None:
        settings = read_settings()
        self._session: RaySession | None = None
        if settings.ray_address:
            given: Given = {"address": _reached(settings.ray_address)}
        else:
            self._session = RaySession(settings.temp_dir)
            given = _own(settings, workers * threads, self._session)
        try:
            self.ray = _connected(given)
        except ExecutorLostError:
            self._remove_session()
            raise
        share = settings.gpus_per_worker
        if share is None:
            share = self.ray.cluster_resources().get("GPU", 0.0) / workers
        self.gpus = share if share < 1 else float(int(share))  # from one upwards, Ray gives whole ones
        self._daemons = self._addresses()
        self._shared: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def share(self, digest: str, load: Callable[[], Any]) -> Any:
        """A reference to the value in the object store, where it is once, however many searches use it."""
        with self._lock:
            if digest not in self._shared:
                self._shared[digest] = self.ray.put(load())
                while len(self._shared) > MAX_SHARED:
                    del self._shared[next(iter(self._shared))]
            return self._shared[digest]

    def watch(self, lost: Callable[[str], None]) -> None:
        """Call lost with the reason within seconds of the loss of Ray, which ends its driver after a minute."""
        self._watcher = threading.Thread(target=self._watch, args=(lost,), name="ray health", daemon=True)
        self._watcher.start()

    def _watch(self, lost: Callable[[str], None]) -> None:
        failed = 0
        while not self._over.wait(HEALTH_S):
            unreachable = self._unreachable()
            failed = failed + 1 if unreachable else 0
            if failed >= FAILED_CHECKS:
                lost(f"Ray's {unreachable} cannot be reached any more")
                return

    def check(self) -> None:
        """ExecutorLostError if Ray is lost."""
        unreachable = self._unreachable()
        if unreachable:
            raise ExecutorLostError(f"Ray's {unreachable} cannot be reached any more")

    def _unreachable(self) -> str:
        """The names of Ray's daemons that accept no connection; empty if all do."""
        return " and ".join(name for name, address in self._daemons.items() if not _listens(address))

    def _addresses(self) -> dict[str, tuple[str, int]]:
        context = self.ray.get_runtime_context()
        mine = next(node for node in self.ray.nodes() if node["NodeID"] == context.get_node_id())
        return {
            "GCS": ray_address.host_and_port(context.gcs_address),
            "raylet": (mine["NodeManagerAddress"], mine["NodeManagerPort"]),
        }

    def stop_watching(self) -> None:
        self._over.set()
        if self._watcher and self._watcher is not threading.current_thread():
            self._watcher.join()

    def close(self, *, lost: bool) -> None:
        """Disconnect from Ray, and end what was started here. After a loss, the process cannot use Ray again."""
        self.stop_watching()
        self._shared.clear()
        if not lost:
            self.ray.shutdown()
        elif self._session:
            self._session.kill_daemons()  # a proper end would take many seconds without the GCS
        self._remove_session()

    def _remove_session(self) -> None:
        if self._session:
            self._session.remove()


class RayPoolExecutor(PoolExecutor):
    """A pool whose workers are on a Ray cluster."""

    needs_new_process: ClassVar[bool] = True

    def __init__(self, workers: int, threads: int = 1) -> None:
        super().__init__(workers, threads)
        self._cluster = Cluster(workers, threads)

    def share(self, digest: str, load: Callable[[], Any]) -> Any:
        return self._cluster.share(digest, load)

    def check(self) -> None:
        self._cluster.check()

    def close_tasks(self) -> None:
        """Stop the tasks, while Ray is still there."""
        super().close()

    def close(self) -> None:
        self._cluster.stop_watching()
        self.close_tasks()
        self._cluster.close(lost=self._lost is not None)


def _reached(address: str) -> str:
    """HOST:PORT of the cluster."""
    try:
        return ray_address.reach(address)
    except OSError as error:
        raise ExecutorLostError(
            f"there is no Ray cluster at {address}: {error}; start one, or correct RAY_ADDRESS"
        ) from None


def _own(settings: Settings, cpus: int, session: RaySession) -> Given:
    """Starts a Ray with these CPUs."""
    # A token of our own, so that none is written to the home folder, and only this process can use these workers.
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # Ray reads it once in a process
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", str(RECONNECT_S))
    return {
        "address": ray_address.LOCAL,
        "num_cpus": cpus,
        "include_dashboard": False,
        "object_store_memory": settings.ray_object_store_bytes,
        "_temp_dir": str(session.folder),
    }


def _connected(given: Given) -> ModuleType:
    """The library, after ray.init with these arguments. ExecutorLostError if that fails."""
    os.environ |= ENVIRONMENT
    import ray  # noqa: PLC0415 - it takes seconds, and reads the environment

    logging.getLogger("ray").setLevel(logging.CRITICAL)  # what matters comes as an exception
    try:
        with _signals_kept():
            ray.init(log_to_driver=False, configure_logging=False, **given)
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        raise ExecutorLostError(f"Ray does not start: {error}") from error
    return ray


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the handler of SIGTERM, which Ray replaces when it starts in the main thread."""
    kept = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, kept)


def _listens(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, ray_address.CONNECT_S):
            return True
    except OSError:
        return False
