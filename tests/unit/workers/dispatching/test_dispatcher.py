"""A dispatcher with one worker and real searches; the test's hand ends no task, so that they stay under way."""

import threading
import time
from concurrent.futures import Future

import pytest
from processes import PATIENCE_S
from sqlalchemy import select

from nas.jobs import tables
from nas.spec import parse_spec
from workers.dispatching import assignment, dispatcher
from workers.dispatching.dispatcher import Dispatcher
from workers.executing.executor import Executor, TaskFuture


class StillExecutor(Executor):
    """One worker, whose tasks end when they are cancelled."""

    name = "still"

    def __init__(self):
        super().__init__(1)
        self.reports = []

    def submit(self, task, *arguments, report):  # noqa: ARG002 - the contract's signature
        self.reports.append(report)
        future = TaskFuture(lambda: Future.cancel(future))
        return future

    def close(self):
        """Nothing to end."""


@pytest.fixture
def executor():
    return StillExecutor()


@pytest.fixture
def running(settings, ledger, spec, monkeypatch, executor):
    """A ledger, a function that submits a search, and a dispatcher that runs."""
    monkeypatch.setattr(dispatcher, "FOLLOW_S", 0.0)
    monkeypatch.setattr(assignment, "SHOWN_AFTER_S", 0.0)
    stop = threading.Event()

    def submit(name, priority=0):
        fields = parse_spec({**spec, "evaluator": "train"}).model_dump(mode="json")
        return ledger.searches.submit(fields, name=name, priority=priority)[0].id

    made = Dispatcher(ledger, settings, executor)
    thread = threading.Thread(target=made.run, args=(stop,))
    yield ledger, submit, thread
    stop.set()
    thread.join()


def owner_of(ledger, search_id):
    with ledger.database.reading() as connection:
        return connection.scalar(select(tables.search.c.owner).where(tables.search.c.id == search_id))


def until(holds):
    latest = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < latest, "it never came to hold"
        time.sleep(0.02)


def test_interrupted_searches_go_on_before_those_that_were_claimed_meanwhile(running):
    """A and B run, C and D wait; after a `kill -9` the new dispatcher has C and D while the leases of A and B last."""
    ledger, submit, thread = running
    a, b = submit("a", 10), submit("b", 0)
    dead = [ledger.claims.claim("dead").lease for _ in range(2)]
    c, d = submit("c", 0), submit("d", 0)
    thread.start()

    def attempted(search_id):
        return ledger.searches.get(search_id).counts.trials > 0

    def waits(search_id):
        found = ledger.searches.get(search_id)
        return (found.state, found.phase) == ("RUNNING", "WAITING_FOR_WORKERS")

    until(lambda: attempted(c) and attempted(d))
    ledger.searches.request(b, "cancel")
    assert ledger.searches.get(b).state == "CANCELLING"

    for lease in dead:
        ledger.claims.renew(lease, lease_s=0)

    until(lambda: attempted(a) and ledger.searches.get(b).state == "CANCELLED")
    until(lambda: waits(d))
    assert ledger.searches.get(d).progress["what"] == "a free dispatcher"
    until(lambda: waits(a) and ledger.searches.get(c).counts.running)
    assert ledger.searches.get(a).progress["what"].startswith("a worker")
    ledger.searches.request(d, "pause")
    assert ledger.searches.get(d).state == "PAUSED"
    ledger.searches.request(c, "cancel")
    until(lambda: ledger.searches.get(c).state == "CANCELLED")
    until(lambda: ledger.searches.get(a).phase == "TRAINING")


def test_a_search_that_is_to_run_alone_does_not_die_of_those_that_are_given_up_for_it(running, monkeypatch):
    """One of them cannot be stopped, as it takes memory in a call that does not return; the dispatcher dies of it."""
    ledger, submit, thread = running
    other, harmless = submit("other", 5), submit("harmless")
    for _ in range(2):
        ledger.claims.renew(ledger.claims.claim("dead", only=harmless).lease, lease_s=0)
    loading, killed = threading.Event(), threading.Event()
    run = assignment.Assignment._run_to_end

    def run_to_end(self):
        loading.set()
        killed.wait(PATIENCE_S)
        run(self)

    monkeypatch.setattr(assignment.Assignment, "_run_to_end", run_to_end)
    thread.start()
    loading.wait(PATIENCE_S)

    until(lambda: owner_of(ledger, harmless) is None)
    assert owner_of(ledger, other) is not None, "if its owner dies now, the other search has not died of it"
    killed.set()
    until(lambda: owner_of(ledger, harmless) is not None)
    assert owner_of(ledger, other) is None


def test_a_search_whose_dispatchers_died_runs_alone_until_it_has_a_result(running, executor):
    ledger, submit, thread = running
    suspect = submit("suspect")
    for _ in range(2):
        ledger.claims.renew(ledger.claims.claim("dead").lease, lease_s=0)
    other = submit("other", 5)
    thread.start()

    until(lambda: ledger.searches.get(suspect).counts.running == 1)
    assert ledger.searches.get(other).phase == "WAITING_FOR_WORKERS"

    executor.reports[-1](1, {"accuracy": 0.5})
    until(lambda: ledger.searches.get(other).counts.trials == 1)
