"""Every registered executor keeps the promises of executors."""

import os
import signal
import threading
from pathlib import Path

import pytest

from nas.errors import DivergedError
from workers.executor import WorkerDiedError, executor


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


def test_a_killed_worker_is_replaced_and_its_task_started_again(tmp_path):
    with executor["process"](2) as pool:
        future = pool.submit(die_once, str(tmp_path), report=lambda *_: None)
        other = pool.submit(add, 1, 1, report=lambda *_: None)

        assert future.result(timeout=60) == "alive"
        assert other.result(timeout=60) == 2


def test_a_task_that_always_kills_its_worker_fails():
    with executor["process"](1) as pool:
        future = pool.submit(die, report=lambda *_: None)
        with pytest.raises(WorkerDiedError, match="memory"):
            future.result(timeout=120)
        assert pool.submit(add, 1, 2, report=lambda *_: None).result(timeout=60) == 3
