"""Many at once: threads that share a ledger, and processes that share a database."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from ledger_steps import SPEC, asked, claimed, submit, told

from nas.jobs.errors import StateError
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Counts, Idempotency

_CLAIM_ALL = """
import sys
from nas.jobs.ledger import Ledger
ledger = Ledger(sys.argv[1])
sys.stdin.readline()
while claim := ledger.claims.claim(sys.argv[2]):
    print(claim.search.id, claim.lease.epoch)
"""

_CRASH = """
import os, sys
from nas.jobs import trial_changes
from nas.jobs.owner import SearchOwner
from nas.jobs.ledger import Ledger
from ledger_steps import told
ledger = Ledger(sys.argv[1])
owner = SearchOwner(ledger, ledger.claims.claim("doomed", lease_s=0.05).lease)
trial_changes._end_attempts = lambda *_: os._exit(9)  # after all of the transaction is written, before it is safe
owner.started(0, "worker")
owner.told(told(0))
"""


def at_once(number: int, call: Callable[[int], object]) -> list[object]:
    """What number threads return that all begin together."""
    start = threading.Barrier(number)

    def wait(index: int) -> object:
        start.wait()
        return call(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(wait, range(number)))


def test_concurrent_duplicates_make_one_search(ledger):
    key = Idempotency("key", "user", "digest")

    def post(_: int) -> list[tuple[str, bool]]:
        made = [ledger.searches.submit(SPEC, name="x", idempotency=key) for _ in range(5)]
        return [(search.id, created) for search, created in made]

    answers = [answer for each in at_once(20, post) for answer in each]
    assert len({search_id for search_id, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert len(ledger.searches.page()) == 1


def test_dispatchers_never_claim_the_same(ledger, ledger_url):
    searches = {submit(ledger).id for _ in range(20)}
    command = [sys.executable, "-c", _CLAIM_ALL, ledger_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, f"dispatcher {n}"], **pipes) for n in range(3)]

    def claim(_: int) -> str:
        found = []
        while made := ledger.claims.claim("a thread"):
            found.append(f"{made.search.id} {made.lease.epoch}")
        return "\n".join(found)

    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = at_once(3, claim) + [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    claims = [line.split() for answer in answers for line in answer.splitlines()]
    assert sorted(search_id for search_id, _ in claims) == sorted(searches)
    assert {epoch for _, epoch in claims} == {"1"}


def test_one_of_two_owners_takes_over(ledger):
    _, owner = claimed(ledger, lease_s=0)
    claims = at_once(6, lambda n: ledger.claims.claim(f"owner {n}"))
    assert sum(claim is not None for claim in claims) == 1
    assert owner.lease.epoch == 1


def test_a_result_told_many_times_at_once_is_accepted_once(ledger):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    twins = [SearchOwner(ledger, owner.lease) for _ in range(6)]

    def tell(index: int) -> bool:
        try:
            twins[index].told(told(0))
        except StateError:
            return False
        return True

    assert sum(at_once(6, tell)) == 1
    assert ledger.searches.get(search.id).counts == Counts(trials=1, succeeded=1)


def test_the_owner_and_clients_write_events_without_a_gap(ledger):
    search, owner = claimed(ledger)
    count = 6

    def work(_: int) -> None:
        for number in range(count):
            owner.add(asked(number))
            owner.told(told(number))

    def watcher(_: int) -> None:
        for number in range(count):
            owner.log([(None, "text")])
            owner.progress("images", number, count)

    def client(index: int) -> None:
        for number in range(count):
            ledger.searches.change(search.id, None, name=f"{index} {number}")

    at_once(5, lambda index: (work, watcher, client, client, client)[index](index))
    events = ledger.events.after(search.id)
    assert [event.seq for event in events] == list(range(1, 2 + 6 * count + 1))
    assert [line["trial"] for line in owner.events()] == [n for n in range(count) for _ in range(2)]
    assert [line.n for line in ledger.trials.search_log(search.id)] == list(range(1, count + 1))
    assert ledger.searches.get(search.id).version == 2 + 3 * count


def test_a_process_that_dies_in_a_transaction_leaves_nothing_of_it(ledger, ledger_url, request):
    search, owner = claimed(ledger)
    owner.add(asked(0))
    ledger.claims.release(owner.lease)
    done = subprocess.run(
        [sys.executable, "-c", _CRASH, ledger_url], cwd=request.path.parents[3], capture_output=True, check=False
    )
    assert done.returncode == 9, done.stderr
    claim = None
    while claim is None:
        claim = ledger.claims.claim("heir")
    assert claim.search.counts == Counts(trials=1, queued=1)
    assert claim.search.best_trial is None
    assert ledger.trials.front(search.id) == []
    heir = SearchOwner(ledger, claim.lease)
    assert [line["event"] for line in heir.events()] == ["asked"]
    assert heir.started(0, "worker") == 2
    heir.told(told(0))
    events = ledger.events.after(search.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_readers_are_served_while_writers_write(ledger, ledger_url):
    search, owner = claimed(ledger)
    other = Ledger(ledger_url)

    def read(_: int) -> None:
        for _ in range(20):
            columns = other.trials.columns(search.id).columns
            assert columns["number"] == list(range(len(columns["number"])))

    def write(_: int) -> None:
        for number in range(10):
            owner.add(asked(number))
            owner.told(told(number))

    at_once(4, lambda index: write(index) if index == 0 else read(index))
    other.close()


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_verb_said_by_many_at_once_moves_the_search_once(ledger, verb):
    search, _ = claimed(ledger)
    at_once(6, lambda _: ledger.searches.request(search.id, verb))
    assert len(ledger.events.after(search.id)) == 3
