"""Workers shared among searches. The test ends tasks by hand, so every order is its own."""

import threading
from concurrent.futures import CancelledError, Future, wait

import pytest
from processes import PATIENCE_S

from workers.executing.executor import Executor, ExecutorLostError
from workers.executing.scheduler import Scheduler


class HandExecutor(Executor):
    """Runs nothing: `running` holds the futures of tasks by name until the test settles them."""

    name = "hand"

    def __init__(self, workers):
        super().__init__(workers)
        self.running = {}
        self.order = []

    def submit(self, task, *arguments, report):  # noqa: ARG002 - the contract's signature
        future = Future()
        self.running[task] = future
        self.order.append(task)
        return future

    def close(self):
        """Nothing to end."""

    def end(self, task, result=None):
        self.running.pop(task).set_result(result)


def submit(quota, *names):
    return [quota.submit(name, report=lambda *_: None) for name in names]


@pytest.fixture
def pool():
    return HandExecutor(2)


def test_no_more_tasks_run_than_there_are_workers(pool):
    first, *_ = submit(Scheduler(pool).quota(), "a", "b", "c")
    assert pool.order == ["a", "b"]

    pool.end("a", 7)

    assert first.result() == 7
    assert pool.order == ["a", "b", "c"]


def test_searches_of_equal_priority_get_equally_many_workers(pool):
    scheduler = Scheduler(pool)
    submit(scheduler.quota(), "a1", "a2", "a3", "a4")
    submit(scheduler.quota(), "b1", "b2")

    for task in ("a1", "a2", "b1", "a3"):
        pool.end(task)

    assert pool.order[:2] == ["a1", "a2"], "the only search so far"
    assert set(pool.order[2:4]) == {"b1", "a3"}, "one each, as soon as both wait"


def test_the_higher_priority_goes_first(pool):
    scheduler = Scheduler(pool)
    low, high = scheduler.quota(), scheduler.quota(priority=5)
    submit(low, "a1", "a2", "a3")
    submit(high, "b1", "b2")

    pool.end("a1")
    pool.end("a2")

    assert pool.order == ["a1", "a2", "b1", "b2"]


def test_a_measurement_waits_for_running_tasks_and_holds_others_back(pool):
    scheduler = Scheduler(pool)
    submit(scheduler.quota(), "a")
    quota, measured, over = scheduler.quota(), threading.Event(), threading.Event()

    def measure():
        with scheduler.quiet(quota):
            measured.set()
            over.wait(PATIENCE_S)

    thread = threading.Thread(target=measure)
    thread.start()
    while not scheduler._quiet:
        pass
    submit(scheduler.quota(), "b")
    assert not measured.is_set()
    assert quota.waits_for() == "the other work of this machine to pause, to measure"

    pool.end("a")

    assert measured.wait(PATIENCE_S)
    assert quota.waits_for() is None
    assert pool.order == ["a"]
    over.set()
    thread.join(PATIENCE_S)
    assert pool.order == ["a", "b"]


def test_a_stopped_search_has_nothing_left_on_the_workers(pool):
    scheduler = Scheduler(pool)
    quota = scheduler.quota()
    handles = submit(quota, "a", "b", "c")

    quota.stop()
    handles += submit(quota, "d")

    assert wait(handles, timeout=PATIENCE_S).not_done == set()
    assert all(handle.cancelled() for handle in handles)
    assert pool.order == ["a", "b"], "c and d never began"
    submit(scheduler.quota(), "e")
    assert pool.order == ["a", "b", "e"], "its workers are free"


def test_what_a_task_raises_is_its_futures_exception(pool):
    (handle,) = submit(Scheduler(pool).quota(), "a")

    pool.running["a"].set_exception(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        handle.result()


def test_a_lost_executor_cancels_every_task(pool):
    scheduler = Scheduler(pool)
    handles = submit(scheduler.quota(), "a", "b", "c")

    for future in list(pool.running.values()):
        future.set_exception(ExecutorLostError("gone"))

    assert scheduler.lost.is_set()
    for handle in handles:
        with pytest.raises(CancelledError):
            handle.result(timeout=PATIENCE_S)


def test_on_start_is_called_when_a_task_gets_a_worker(pool):
    started = []
    quota = Scheduler(pool).quota()
    for name in "abc":
        quota.submit(name, report=lambda *_: None, on_start=lambda name=name: started.append(name))

    assert started == ["a", "b"]


def test_a_search_whose_owner_is_gone_stops_and_others_go_on(pool):
    scheduler = Scheduler(pool)
    quota = scheduler.quota()

    def gone():
        raise OSError("no database")

    handle = quota.submit("a", report=lambda *_: None, on_start=gone)

    assert handle.cancelled()
    assert quota.stopped
    submit(scheduler.quota(), "b", "c")
    assert pool.order == ["b", "c"]


class Stubborn(Future):
    """A task that does not end when it is cancelled: its worker is busy for a while yet."""

    def cancel(self):
        return True


def test_a_cancelled_task_has_its_worker_until_it_leaves_it(pool, monkeypatch):
    monkeypatch.setattr(f"{__name__}.Future", Stubborn)
    scheduler = Scheduler(pool)
    first, second, third = submit(scheduler.quota(), "a", "b", "c")

    first.cancel()
    assert first.cancelled()
    assert pool.order == ["a", "b"], "no worker is free for c"

    pool.end("a", "too late")

    assert pool.order == ["a", "b", "c"]
    assert not second.done()
    assert not third.done()


def test_a_task_cancelled_while_it_begins_is_stopped_on_its_worker(pool):
    quota = Scheduler(pool).quota()
    handle = quota.submit("a", report=lambda *_: None, on_start=lambda: quota.scheduler.cancel(lambda _: True))

    assert handle.cancelled()
    assert pool.running["a"].cancelled()
