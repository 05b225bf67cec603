"""Ray for this process: a cluster that RAY_ADDRESS names, or one started here."""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

from nas.dataset import Dataset
from workers.executor import ExecutorLostError

OBJECT_STORE_BYTES = 256 * 2**20
"""For data sets; Ray's own default is 30 % of the memory."""
SHARED_SETS = 4
"""Data sets kept in the object store; whoever still holds a reference keeps his longer."""
HEALTH_S = 1.0
FAILED_CHECKS = 3
CONNECT_S = 3.0


class Cluster:
    """A process has one, and cannot have another once its daemons are lost. ray: the library, connected.

    ExecutorLostError if Ray cannot be reached or started.
    """

    def __init__(self, cpus: int) -> None:
        self.ray = _start(cpus)
        self._shared: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def gpus(self) -> float:
        return float(self.ray.cluster_resources().get("GPU", 0.0))

    def share(self, images: Dataset) -> Any:
        """A reference to the data set in the object store, where it is once, however many searches use it."""
        with self._lock:
            if images.digest not in self._shared:
                self._shared[images.digest] = self.ray.put(images)
                while len(self._shared) > SHARED_SETS:
                    del self._shared[next(iter(self._shared))]
            return self._shared[images.digest]

    def watch(self, lost: Callable[[str], None]) -> None:
        """Call lost with the reason soon after Ray is gone. Ray ends a driver a minute after its GCS: be faster."""
        threading.Thread(target=self._watch, args=(lost,), name="ray health", daemon=True).start()

    def _watch(self, lost: Callable[[str], None]) -> None:
        failed = 0
        while not self._over.wait(HEALTH_S):
            failed = failed + 1 if self._gone() else 0
            if failed >= FAILED_CHECKS:
                lost(f"Ray's {self._gone()} cannot be reached any more")
                return

    def check(self) -> None:
        """ExecutorLostError if Ray is gone."""
        gone = self._gone()
        if gone:
            raise ExecutorLostError(f"Ray's {gone} cannot be reached any more")

    def _gone(self) -> str:
        """Which of Ray's daemons do not listen."""
        node = self.ray._private.worker._global_node  # noqa: SLF001 - Ray tells its socket nowhere else
        host, port = node.gcs_address.rsplit(":", 1)
        listening = {
            "GCS": _listens(socket.AF_INET, (host, int(port))),
            "raylet": _listens(socket.AF_UNIX, node.raylet_socket_name),
        }
        return " and ".join(name for name, there in listening.items() if not there)

    def stop_watching(self) -> None:
        self._over.set()

    def close(self) -> None:
        self._over.set()
        self.ray.shutdown()


def _start(cpus: int) -> Any:
    address = os.environ.get("RAY_ADDRESS")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        host, _, port = address.rpartition(":")
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
