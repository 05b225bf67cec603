"""Every registered executor keeps the promises of executors."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nas.errors import DivergedError
from workers.executor import WorkerDiedError, executor


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Ray's workers find this module."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def add(a, b, *, report):
    report(1, {"accuracy": 0.5})
    report(2, {"accuracy": 0.75})
    return a + b


def diverge(*, report):  # noqa: ARG001 - every task takes it
    raise DivergedError("loss is nan")


def die_once(folder, *, report):  # noqa: ARG001 - every task takes it
    path = Path(folder) / "died"
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def die(*, report):  # noqa: ARG001 - every task takes it
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("name", list(executor))
def test_results_and_reports_come_back(name):
    seen, both = [], threading.Event()

    def report(step, metrics):
        seen.append((step, metrics["accuracy"]))
        if step == 2:
            both.set()

    with executor[name](2) as pool:
        assert pool.submit(add, 2, 3, report=report).result(timeout=60) == 5
        assert both.wait(timeout=10)

    assert seen == [(1, 0.5), (2, 0.75)]


@pytest.mark.parametrize("name", list(executor))
def test_an_error_of_a_task_is_its_futures(name):
    with executor[name](1) as pool:
        future = pool.submit(diverge, report=lambda *_: None)
        with pytest.raises(DivergedError, match="loss is nan"):
            future.result(timeout=60)


APART = [name for name in executor if name != "inline"]
"""Executors whose tasks run in processes of their own."""


def linger(folder, *, report):
    """Runs until it is stopped."""
    for epoch in range(1, 10_000):
        report(epoch, {"accuracy": 0.5})
        (Path(folder) / "last").write_text(str(epoch))
        time.sleep(0.02)


@pytest.mark.parametrize("name", APART)
def test_a_killed_worker_is_replaced_and_its_task_started_again(tmp_path, name):
    with executor[name](2) as pool:
        future = pool.submit(die_once, str(tmp_path), report=lambda *_: None)
        other = pool.submit(add, 1, 1, report=lambda *_: None)

        assert future.result(timeout=60) == "alive"
        assert other.result(timeout=60) == 2


@pytest.mark.parametrize("name", APART)
def test_a_task_that_always_kills_its_worker_fails(name):
    with executor[name](1) as pool:
        future = pool.submit(die, report=lambda *_: None)
        with pytest.raises(WorkerDiedError, match="memory"):
            future.result(timeout=120)
        assert pool.submit(add, 1, 2, report=lambda *_: None).result(timeout=60) == 3


@pytest.mark.parametrize("name", APART)
def test_a_task_that_runs_can_be_cancelled(tmp_path, name):
    begun = threading.Event()
    with executor[name](1) as pool:
        future = pool.submit(linger, str(tmp_path), report=lambda *_: begun.set())
        waiting = pool.submit(add, 1, 1, report=lambda *_: None)
        assert begun.wait(60)

        assert waiting.cancel()
        assert future.cancel()

        assert pool.submit(add, 1, 2, report=lambda *_: None).result(timeout=60) == 3, "its worker is free"
        last = (tmp_path / "last").read_text()
        time.sleep(0.2)
        assert (tmp_path / "last").read_text() == last, "it has stopped"


LOSE_RAY = """
import os, signal, subprocess, sys, threading
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_executors import linger
from workers.executor import ExecutorLostError, executor

if __name__ == "__main__":
    pool = executor["ray"](1)
    begun = threading.Event()
    future = pool.submit(linger, {scratch!r}, report=lambda *_: begun.set())
    assert begun.wait(60)
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        words = found.read_bytes().split(bytes(1))
        parent = int((found.parent / "stat").read_text().rpartition(")")[2].split()[1])
        if words[0].endswith({victim!r}) and parent == os.getpid():
            os.kill(int(found.parent.name), signal.SIGKILL)
    try:
        future.result(timeout=60)
    except ExecutorLostError as error:
        print("lost:", error, flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize("victim", [b"raylet", b"gcs_server"])
def test_the_loss_of_ray_is_told_before_ray_ends_the_process(tmp_path, victim):
    code = LOSE_RAY.format(folder=str(Path(__file__).parent), scratch=str(tmp_path), victim=victim)
    (tmp_path / "lose.py").write_text(code)

    done = subprocess.run(
        [sys.executable, tmp_path / "lose.py"], capture_output=True, text=True, timeout=120, check=False
    )

    assert "lost:" in done.stdout, done.stdout + done.stderr
