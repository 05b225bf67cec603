"""Ray for this process: a cluster that RAY_ADDRESS names, or one started here."""

import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from nas.service import ray_address
from nas.service.settings import Settings, read_settings
from workers.executing.executor import ExecutorLostError
from workers.executing.pool import PoolExecutor

MAX_SHARED = 8
"""Data sets and the like kept in the object store; older ones are dropped when no task refers to them."""
HEALTH_S = 1.0
FAILED_CHECKS = 3
RECONNECT_S = 10
"""By default Ray waits a minute for a GCS that was killed during the start, before it is watched here. A GCS that was
started here does not return."""
SESSIONS = Path("/tmp")  # noqa: S108 - the sockets in a session's folder must have short paths
PREFIX = "nas-ray-"
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a call that comes after the end would start a Ray of its own
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # Ray would print the deaths of workers to stdout; the pool logs them
}


class Cluster:
    """A connection to Ray with workers * threads CPUs; one at a time in a process.

    ray: the library, connected. gpus: a worker's share of the GPUs. ExecutorLostError if Ray cannot be reached or
    started.
    """

    def __init__(self, workers: int, threads: int) -> None:
        settings = read_settings()
        self.ray = _start(settings, workers * threads)
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
        if lost:
            _kill_daemons()  # a proper end would take many seconds without the GCS
        else:
            self.ray.shutdown()
        shutil.rmtree(_session(), ignore_errors=True)


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


def _start(settings: Settings, cpus: int) -> ModuleType:
    os.environ |= ENVIRONMENT
    given: dict[str, Any]
    address = settings.ray_address
    if address:
        try:
            given = {"address": ray_address.reach(address)}
        except OSError as error:
            raise ExecutorLostError(
                f"there is no Ray cluster at {address}: {error}; start one, or correct RAY_ADDRESS"
            ) from None
    else:
        _remove_old_sessions()
        # A token of our own, so that none is written to the home folder, and only this process can use these workers.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # Ray reads it once in a process
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", str(RECONNECT_S))
        given = {
            "address": ray_address.LOCAL,
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": settings.ray_object_store_bytes,
        }
        given["_temp_dir"] = str(_session())
    import ray  # noqa: PLC0415 - it takes seconds, and reads the environment

    logging.getLogger("ray").setLevel(logging.CRITICAL)  # what matters comes as an exception
    try:
        with _signals_kept():
            ray.init(log_to_driver=False, configure_logging=False, **given)
    except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
        raise ExecutorLostError(f"Ray does not start: {error}") from error
    return ray


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the handler of SIGTERM, which Ray replaces when it starts in the main thread."""
    kept = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, kept)


def _session() -> Path:
    """Where the Ray of this process has its logs and sockets."""
    return SESSIONS / f"{PREFIX}{os.getpid()}"


def _kill_daemons() -> None:
    """Kill the children of this process that work in its session's folder."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            parent = int(status.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            if parent == os.getpid() and str(_session()).encode() in status.with_name("cmdline").read_bytes():
                os.kill(int(status.parent.name), signal.SIGKILL)


def _remove_old_sessions() -> None:
    """Remove the session folders of processes that no longer exist."""
    for folder in SESSIONS.glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(PREFIX)).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _listens(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, ray_address.CONNECT_S):
            return True
    except OSError:
        return False
