"""Workers shared among searches. The test ends tasks by hand, so every order is its own."""

import threading
from concurrent.futures import CancelledError, Future, wait

import pytest

from workers.executing.executor import Executor, ExecutorLostError
from workers.executing.scheduler import Slots


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


def submit(share, *names):
    return [share.submit(name, report=lambda *_: None) for name in names]


@pytest.fixture
def pool():
    return HandExecutor(2)


def test_no_more_tasks_run_than_there_are_workers(pool):
    first, *_ = submit(Slots(pool).share(), "a", "b", "c")
    assert pool.order == ["a", "b"]

    pool.end("a", 7)

    assert first.result() == 7
    assert pool.order == ["a", "b", "c"]


def test_searches_of_equal_priority_get_equally_many_workers(pool):
    slots = Slots(pool)
    submit(slots.share(), "a1", "a2", "a3", "a4")
    submit(slots.share(), "b1", "b2")

    for task in ("a1", "a2", "b1", "a3"):
        pool.end(task)

    assert pool.order[:2] == ["a1", "a2"], "nobody else was there"
    assert set(pool.order[2:4]) == {"b1", "a3"}, "one each, as soon as both wait"


def test_the_higher_priority_goes_first(pool):
    slots = Slots(pool)
    low, high = slots.share(), slots.share(priority=5)
    submit(low, "a1", "a2", "a3")
    submit(high, "b1", "b2")

    pool.end("a1")
    pool.end("a2")

    assert pool.order == ["a1", "a2", "b1", "b2"]


def test_a_measurement_waits_for_running_tasks_and_holds_others_back(pool):
    slots = Slots(pool)
    submit(slots.share(), "a")
    measured, over = threading.Event(), threading.Event()

    def measure():
        with slots.quiet():
            measured.set()
            over.wait(10)

    thread = threading.Thread(target=measure)
    thread.start()
    while not slots._quiet:
        pass
    submit(slots.share(), "b")
    assert not measured.is_set()

    pool.end("a")

    assert measured.wait(10)
    assert pool.order == ["a"]
    over.set()
    thread.join(10)
    assert pool.order == ["a", "b"]


def test_a_stopped_search_has_nothing_left_on_the_workers(pool):
    slots = Slots(pool)
    share = slots.share()
    tickets = submit(share, "a", "b", "c")

    share.stop()
    tickets += submit(share, "d")

    assert wait(tickets, timeout=10).not_done == set()
    assert all(ticket.cancelled() for ticket in tickets)
    assert pool.order == ["a", "b"], "c and d never began"
    submit(slots.share(), "e")
    assert pool.order == ["a", "b", "e"], "its workers are free"


def test_what_a_task_raises_is_its_futures_exception(pool):
    (ticket,) = submit(Slots(pool).share(), "a")

    pool.running["a"].set_exception(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        ticket.result()


def test_a_lost_executor_cancels_every_task(pool):
    slots = Slots(pool)
    tickets = submit(slots.share(), "a", "b", "c")

    for future in list(pool.running.values()):
        future.set_exception(ExecutorLostError("gone"))

    assert slots.lost.is_set()
    for ticket in tickets:
        with pytest.raises(CancelledError):
            ticket.result(timeout=10)


def test_a_task_tells_when_it_has_a_worker(pool):
    told = []
    share = Slots(pool).share()
    for name in "abc":
        share.submit(name, report=lambda *_: None, on_start=lambda name=name: told.append(name))

    assert told == ["a", "b"]


def test_a_search_whose_owner_is_gone_stops_and_others_go_on(pool):
    slots = Slots(pool)
    share = slots.share()

    def gone():
        raise OSError("no database")

    ticket = share.submit("a", report=lambda *_: None, on_start=gone)

    assert ticket.cancelled()
    assert share.stopped
    submit(slots.share(), "b", "c")
    assert pool.order == ["b", "c"]
