"""How executors end: closed with tasks under way, or with Ray killed beneath them."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from processes import PATIENCE_S, alive

from workers.executing import ray_session
from workers.executing.executor import ExecutorLostError, executor


def linger(*, report):
    """Runs until it is stopped."""
    for epoch in range(1, 10_000):
        report(epoch, {"pid": os.getpid()})
        time.sleep(0.02)


def ignore(_, __):
    """A report that nobody reads."""


@pytest.mark.parametrize("name", [name for name in executor if name != "inline"])
def test_closing_ends_what_runs_and_leaves_nothing(name, importable, tmp_path, monkeypatch):  # noqa: ARG001 - it is in effect
    temporary = tmp_path / "a folder with a name that is too long for Ray's sockets" / "été"
    temporary.mkdir(parents=True)
    monkeypatch.setenv("NAS_TEMP_DIR", str(temporary))
    before, pids = set(threading.enumerate()), []
    with executor[name](1) as pool:
        future = pool.submit(linger, report=lambda _, metrics: pids.append(int(metrics["pid"])))
        while not pids:
            time.sleep(0.05)
        used = {session.name for session in temporary.iterdir()}

    assert future.cancelled()
    assert len(used) == (name in {"ray", "ray_tune"})
    assert not alive(pids[0])
    assert not [thread.name for thread in threading.enumerate() if thread not in before]
    assert not list(temporary.iterdir())
    assert not [session for session in used if (ray_session.SHORT / session).is_symlink()]
    with pytest.raises(ExecutorLostError, match="closed"):
        pool.submit(linger, report=ignore)


def test_a_cluster_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")

    with pytest.raises(ExecutorLostError, match="RAY_ADDRESS"):
        executor["ray"](1)


USE_A_CLUSTER = """
from api.processes.doctor import ray
from nas.service.settings import read_settings
from workers.executing.executor import executor

if __name__ == "__main__":
    check = ray(read_settings())
    print(check.state, check.detail.split("; ")[1])
    with executor["ray"](1) as pool:
        pool.check()
        print("connected to", pool._cluster.ray.get_runtime_context().gcs_address)
"""


def test_auto_is_the_cluster_that_runs_on_this_machine(monkeypatch):
    """Found by the doctor and by a worker alike."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # its sockets' paths are limited
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    start = "import sys; from ray.scripts.scripts import main; sys.argv[0] = 'ray'; main()"
    options = ("--head", "--port=0", "--num-cpus=1", "--include-dashboard=false", "--block")
    with subprocess.Popen(
        [sys.executable, "-c", start, "start", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as head:
        try:
            known, end = folder / "ray" / "ray_current_cluster", time.monotonic() + PATIENCE_S
            while not (known.exists() and known.read_text()) and time.monotonic() < end:
                time.sleep(0.05)
            monkeypatch.setenv("RAY_ADDRESS", "auto")
            done = subprocess.run([sys.executable, "-c", USE_A_CLUSTER], capture_output=True, text=True, check=False)
            address = known.read_text()
        finally:
            head.terminate()
    shutil.rmtree(folder, ignore_errors=True)

    assert done.stdout.splitlines() == [f"ok cluster at {address}", f"connected to {address}"], done.stderr


LOSE_RAY = """
import os, signal, sys, threading
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_executors_end import linger
from workers.executing.executor import ExecutorLostError, executor

def daemons():
    for found in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = found.read_text().rpartition(")")[2].split()[:2]
            words = (found.parent / "cmdline").read_bytes().split(bytes(1))
        except OSError:  # it has just ended
            continue
        ending = state == "Z" or words == [b""]  # it has given its memory back, its command line with it
        if int(parent) == os.getpid() and not ending:
            yield int(found.parent.name), words[0].rpartition(b"/")[2]

if __name__ == "__main__":
    pool = executor[{name!r}](1)
    begun = threading.Event()
    future = pool.submit(linger, report=lambda *_: begun.set())
    assert begun.wait({patience_s})
    for pid, name in daemons():
        if name == {victim!r}:
            os.kill(pid, signal.SIGKILL)
    try:
        future.result(timeout={patience_s})
    except ExecutorLostError as error:
        print("lost:", error, flush=True)
    pool.close()
    print("left:", list(daemons()), flush=True)
"""


@pytest.mark.parametrize(("name", "victim"), [("ray", b"raylet"), ("ray", b"gcs_server"), ("ray_tune", b"raylet")])
def test_the_loss_of_ray_is_told_before_ray_ends_the_process(tmp_path, importable, name, victim):  # noqa: ARG001 - it is in effect
    code = LOSE_RAY.format(folder=str(Path(__file__).parent), name=name, victim=victim, patience_s=PATIENCE_S)
    (tmp_path / "lose.py").write_text(code)

    done = subprocess.run(
        [sys.executable, tmp_path / "lose.py"], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )

    assert f"lost: Ray's {'raylet' if victim == b'raylet' else 'GCS'}" in done.stdout, done.stdout + done.stderr
    assert "left: []" in done.stdout, done.stdout + done.stderr
