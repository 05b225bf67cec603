"""A service, and agents that measure for it on machines of their own, which are folders."""

import os
import resource
import subprocess

import httpx2
import pytest
from agents import NAS
from live_service import ledger_of, service_on
from processes import PATIENCE_S

from nas.service.settings import Settings


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The address of a service, and the headers of its administrator."""
    monkeypatch.setenv("NAS_LATENCY_DB", str(tmp_path / "latency.db"))
    settings = Settings(home=tmp_path)
    with ledger_of(settings) as ledger:
        _, secret = ledger.keys.create("all", ["admin"])
    headers = {"Authorization": f"Bearer {secret}"}
    with service_on(settings) as url, httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def started(tmp_path, service):
    """Starts an agent on a machine of its own, which is a folder; returns the process.

    file_bytes: the most that it may write into a file, as if the disk were full.
    """
    processes = []

    def start(token, machine, *more, file_bytes=resource.RLIM_INFINITY):
        folder = tmp_path / machine
        folder.mkdir(exist_ok=True)
        command = [NAS, "agent", "--server", str(service.base_url), "--home", folder, "--runtime", "onnxruntime_cpu"]
        command += more
        environment = os.environ | {"TMPDIR": str(folder), "NAS_API_KEY": token, "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()
