"""Every registered executor keeps the promises of executors."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import wait
from pathlib import Path

import numpy as np
import pytest
from processes import PATIENCE_S, alive

from nas.dataset import Dataset, Split
from nas.errors import DivergedError
from workers.executing import pool as pools
from workers.executing.executor import WorkerDiedError, executor
from workers.executing.scheduler import Scheduler

APART = [name for name in executor if name != "inline"]
"""Executors whose tasks run in processes of their own."""


def add(a, b, *, report):
    report(1, {"accuracy": 0.5})
    report(2, {"accuracy": 0.75})
    return a + b


def diverge(*, report):  # noqa: ARG001 - every task takes it
    raise DivergedError("loss is nan")


class UnsendableError(DivergedError):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def fail_oddly(*, report):  # noqa: ARG001 - every task takes it
    raise UnsendableError("one", "two")


def value_that_cannot_be_sent(*, report):  # noqa: ARG001 - every task takes it
    return threading.Lock()


def die_once(folder, *, report):
    path = Path(folder) / "died"
    report(1, {"accuracy": 0.5})
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def die(*, report):  # noqa: ARG001 - every task takes it
    os.kill(os.getpid(), signal.SIGKILL)


def linger(folder, *, report):
    """Runs until it is stopped."""
    for epoch in range(1, 10_000):
        report(epoch, {"pid": os.getpid()})
        (Path(folder) / "last").write_text(str(epoch))
        time.sleep(0.02)


def hang(*, report):
    """Reports once, and then never again."""
    report(1, {"pid": os.getpid()})
    time.sleep(600)


def sum_of(images, *, report):  # noqa: ARG001 - every task takes it
    return None if images is None else int(images.train.images.sum())


def openmp(*, report):  # noqa: ARG001 - every task takes it
    """What OpenMP will read, and whether it has been loaded already."""
    return os.environ["OMP_WAIT_POLICY"], os.environ["OMP_NUM_THREADS"], "torch" in sys.modules


def ignore(_, __):
    """A report that is not used."""


@pytest.fixture(scope="module", params=list(executor))
def pool(request, importable):  # noqa: ARG001 - it is in effect
    """Two workers as a search has them: behind the scheduler, which holds back what they cannot take yet."""
    with executor[request.param](2) as made:
        yield Scheduler(made).quota()


apart = pytest.mark.parametrize("pool", APART, indirect=True, scope="module")


def test_results_and_reports_come_back_in_order(pool):
    seen = []

    future = pool.submit(add, 2, 3, report=lambda epoch, metrics: seen.append((epoch, metrics["accuracy"])))
    assert future.result(PATIENCE_S) == 5

    assert seen == [(1, 0.5), (2, 0.75)], "all reports come before the result"


@apart
def test_threads_of_a_worker_sleep_while_they_wait(pool):
    assert pool.submit(openmp, report=ignore).result(PATIENCE_S) == ("PASSIVE", "1", False)


def test_an_error_of_a_task_is_its_futures(pool):
    with pytest.raises(DivergedError, match="loss is nan"):
        pool.submit(diverge, report=ignore).result(PATIENCE_S)


def test_an_error_of_a_report_ends_the_task_and_is_its_futures(pool):
    def broken(_, __):
        raise DivergedError("the report says no")

    with pytest.raises(DivergedError, match="says no"):
        pool.submit(add, 1, 2, report=broken).result(PATIENCE_S)
    assert pool.submit(add, 1, 2, report=ignore).result(PATIENCE_S) == 3


def test_more_tasks_than_workers_all_end(pool):
    futures = [pool.submit(add, number, 1, report=ignore) for number in range(12)]

    assert [future.result(PATIENCE_S) for future in futures] == list(range(1, 13))


def test_shared_images_arrive_or_are_left_to_the_task(pool):
    split = Split(np.full((4, 8, 8, 1), 3, np.uint8), np.zeros(4, np.int64))
    images = Dataset("threes", ("three",), split, split, split, (0.0,), (1.0,))

    found = pool.submit(sum_of, pool.share(images.digest, lambda: images), report=ignore).result(PATIENCE_S)

    assert found in {4 * 8 * 8 * 3, None}


@apart
def test_an_error_that_cannot_be_sent_keeps_its_text(pool):
    with pytest.raises(Exception, match="one and two"):
        pool.submit(fail_oddly, report=ignore).result(PATIENCE_S)


@apart
def test_a_value_that_cannot_be_sent_is_an_error(pool):
    with pytest.raises(Exception, match=r"(?i)pickle"):
        pool.submit(value_that_cannot_be_sent, report=ignore).result(PATIENCE_S)
    assert pool.submit(add, 1, 2, report=ignore).result(PATIENCE_S) == 3


@apart
def test_a_killed_worker_is_replaced_and_its_task_started_again(tmp_path, pool):
    future = pool.submit(die_once, str(tmp_path), report=ignore)
    other = pool.submit(add, 1, 1, report=ignore)

    assert future.result(PATIENCE_S) == "alive"
    assert other.result(PATIENCE_S) == 2


@apart
def test_a_task_that_always_kills_its_worker_fails(pool):
    with pytest.raises(WorkerDiedError, match="memory"):
        pool.submit(die, report=ignore).result(PATIENCE_S)
    assert pool.submit(add, 1, 2, report=ignore).result(PATIENCE_S) == 3


@apart
def test_tasks_that_run_or_wait_can_be_cancelled(tmp_path, pool):
    begun = threading.Event()
    running = [pool.submit(linger, str(tmp_path), report=lambda *_: begun.set()) for _ in range(2)]
    waiting = pool.submit(add, 1, 1, report=ignore)
    assert begun.wait(PATIENCE_S)

    assert all(future.cancel() for future in (waiting, *running))

    assert not wait([waiting, *running], timeout=PATIENCE_S).not_done, "those who wait return"
    assert pool.submit(add, 1, 2, report=ignore).result(PATIENCE_S) == 3, "their workers are free"
    last = (tmp_path / "last").read_text()
    time.sleep(0.2)
    assert (tmp_path / "last").read_text() == last, "they have stopped"


@apart
def test_a_cancelled_task_that_does_not_report_is_killed(pool, monkeypatch):
    monkeypatch.setattr(pools, "GRACE_S", 0.2)
    pids = []
    hanging = [pool.submit(hang, report=lambda _, metrics: pids.append(int(metrics["pid"]))) for _ in range(2)]
    while len(pids) < 2:
        time.sleep(0.05)

    for future in hanging:
        future.cancel()

    assert pool.submit(add, 1, 2, report=ignore).result(PATIENCE_S) == 3
    assert not all(alive(pid) for pid in pids)
