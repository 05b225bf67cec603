"""Whether the service says that it is ready, on real disks of a few MB that are full or may only be read."""

import json
import subprocess
import sys

import pytest

OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
"""A process that may mount file systems, which nothing else sees."""

ASK_ON_A_SMALL_DISK = """
import errno, json, subprocess, sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.app import create_app
from nas.service.settings import Settings

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], check=True)
answers = []
with TestClient(create_app(Settings(home=disk / "home", open=True)), base_url="http://127.0.0.1") as client:
    def ask():
        answer = client.get("/readyz")
        answers.append([answer.status_code, {name: check["reason"] for name, check in answer.json()["checks"].items()}])

    ask()
    try:
        with (disk / "filling").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError as error:
        assert error.errno == errno.ENOSPC
    ask()
    (disk / "filling").unlink()
    ask()
    client.app.state.shared.ledger.close()  # a disk with files that are open for writing stays writable
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    ask()
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    ask()
print(json.dumps(answers))
"""


def test_a_service_that_cannot_write_is_not_ready(tmp_path):
    if subprocess.run([*OWN_MOUNTS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounting needs root or user namespaces: `sysctl kernel.unprivileged_userns_clone=1`")

    command = [*OWN_MOUNTS, sys.executable, "-c", ASK_ON_A_SMALL_DISK, str(tmp_path)]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    begun, full, freed, read_only, writable = json.loads(done.stdout)

    assert begun == freed == writable == [200, {"database": None, "disk": None}]
    assert full == [503, {"database": None, "disk": "the service's folder cannot be written: No space left on device"}]
    status, reasons = read_only
    assert (status, reasons["disk"]) == (503, "the service's folder cannot be written: Read-only file system")
    assert "cannot be written" in reasons["database"]
