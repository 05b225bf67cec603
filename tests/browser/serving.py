"""The API as a process of its own, with the dashboard that was built."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
from processes import PATIENCE_S

from nas.jobs.ledger import Ledger
from nas.service.settings import Settings


class Served:
    """A service in a folder, its ledger open here too; start and stop it as often as wanted."""

    def __init__(self, home: Path, *, open_: bool = True, python_path: Path | None = None, root_path: str = "") -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.settings = Settings(home=home, port=port, open=open_, DATABASE_URL=f"sqlite:///{home / 'nas.db'}")
        self.url = f"http://127.0.0.1:{port}"
        home.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(self.settings.database_url)
        self.ledger.migrate()
        self._process: subprocess.Popen[bytes] | None = None
        self._root_path = root_path
        self._more = {} if python_path is None else {"PYTHONPATH": str(python_path)}

    def start(self) -> None:
        environment = os.environ | {
            "NAS_HOME": str(self.settings.home),
            "NAS_PORT": str(self.settings.port),
            "NAS_OPEN": str(self.settings.open).lower(),
            "NAS_LATENCY_DB": str(self.settings.home / "latency.db"),
            "DATABASE_URL": self.settings.database_url,
            "NAS_ROOT_PATH": self._root_path,
            **self._more,
        }
        self._process = subprocess.Popen([sys.executable, "-m", "api"], env=environment)
        latest = time.monotonic() + PATIENCE_S
        while time.monotonic() < latest:
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{self.url}/healthz").is_success:
                    return
            time.sleep(0.05)
        raise AssertionError("the service does not come up")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def served(home: Path, *, open_: bool = True, python_path: Path | None = None, root_path: str = "") -> Iterator[Served]:
    """python_path: a folder whose modules, such as sitecustomize, are found before others."""
    service = Served(home, open_=open_, python_path=python_path, root_path=root_path)
    try:
        service.start()
        yield service
    finally:
        service.stop()
        service.ledger.close()
