"""Event streams on a real server: each event once, in order, whatever is cut off."""

import json
import threading
from contextlib import contextmanager
from random import Random

import httpx2
import pytest
from live_service import SPEC, ask, ledger_of, play, service_on, take, tell
from problem import assert_problem
from processes import PATIENCE_S

from api.http import event_stream

TRIALS = 60
CUTS = 100


@pytest.fixture(scope="module")
def client(shared_settings):
    with service_on(shared_settings) as url, httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        yield client


def submit(client):
    return client.post("/v1/searches", json=SPEC | {"max_trials": TRIALS}).json()["id"]


def cancelled(client):
    """A search that no later test's dispatcher takes."""
    search_id = submit(client)
    client.post(f"/v1/searches/{search_id}:cancel")
    return search_id


def messages(lines):
    """Events of a stream as (id, type, data); comments are passed over."""
    fields = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}


def table(shared_settings, search_id):
    with ledger_of(shared_settings) as ledger:
        return [(event.seq, event.type, event.data) for event in ledger.events.after(search_id, 0, 100_000)]


def played(shared_settings, client, trials=3):
    search_id = submit(client)
    assert play(shared_settings, trials=trials) == search_id
    return search_id


@contextmanager
def playing(shared_settings):
    """A dispatcher in a thread: one search of TRIALS trials."""

    def run():
        with ledger_of(shared_settings) as ledger:
            owner = take(ledger)
            for number in range(TRIALS):
                ask(owner, number)
                tell(owner, number)
            owner.end("SUCCEEDED")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_stream_is_the_table_from_wherever_it_begins(client, shared_settings):
    search_id = played(shared_settings, client)
    url = f"/v1/searches/{search_id}/events"
    expected = table(shared_settings, search_id)

    for seq in (0, 3, len(expected) - 1, len(expected), len(expected) + 5):
        for begin in ({"params": {"from_seq": seq}}, {"headers": {"Last-Event-ID": str(seq)}}):
            query = begin.get("params", {}) | {"until_end": True}
            with client.stream("GET", url, params=query, headers=begin.get("headers", {})) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                assert stream.headers["cache-control"] == "no-cache"
                found = list(messages(stream.iter_lines()))
            assert [(seq, kind, data["data"]) for seq, kind, data in found] == expected[seq:]
            assert all((data["seq"], data["type"]) == (seq, kind) for seq, kind, data in found)


def test_the_same_as_a_page(client, shared_settings):
    search_id = played(shared_settings, client)
    url = f"/v1/searches/{search_id}/events"
    expected = table(shared_settings, search_id)

    whole = client.get(url, headers={"Accept": "application/json"}).json()
    assert [(event["seq"], event["type"], event["data"]) for event in whole["items"]] == expected
    assert whole["last_seq"] == len(expected)
    some = client.get(url, params={"format": "json", "from_seq": 2, "limit": 3}).json()
    assert [event["seq"] for event in some["items"]] == [3, 4, 5]
    assert some["last_seq"] == 5
    assert client.get(url, params={"format": "json", "from_seq": 10_000}).json() == {"items": [], "last_seq": 10_000}


def test_a_client_that_is_cut_off_a_hundred_times_sees_every_event_once(client, shared_settings):
    random, seen, cuts = Random(0), [], 0
    search_id = submit(client)
    url = f"/v1/searches/{search_id}/events"
    ended = False
    with playing(shared_settings):
        while not ended:
            left = random.randrange(1, 3) if cuts < CUTS else None
            headers = {"Last-Event-ID": str(seen[-1][0])} if seen else {}
            with client.stream("GET", url, params={"until_end": True}, headers=headers) as stream:
                for message in messages(stream.iter_lines()):
                    seen.append(message)
                    if left is not None and (left := left - 1) == 0:
                        cuts += 1
                        break
                else:
                    ended = True

    assert cuts == CUTS
    expected = table(shared_settings, search_id)
    assert len(expected) > CUTS
    assert [(seq, kind, data["data"]) for seq, kind, data in seen] == expected


def test_many_viewers_cost_one_reader(client, shared_settings, monkeypatch):
    reads = []
    after = event_stream.Events.after

    def counted(self, search_id, seq=0, limit=1000):
        reads.append(search_id)
        return after(self, search_id, seq, limit)

    search_id = submit(client)
    monkeypatch.setattr(event_stream.Events, "after", counted)
    found = {}

    def view(number):
        with client.stream("GET", f"/v1/searches/{search_id}/events?until_end=true") as stream:
            begun.wait()
            found[number] = list(messages(stream.iter_lines()))

    begun = threading.Barrier(51)
    viewers = [threading.Thread(target=view, args=(number,)) for number in range(50)]
    for viewer in viewers:
        viewer.start()
    begun.wait()
    with playing(shared_settings):
        pass
    for viewer in viewers:
        viewer.join()

    expected = [seq for seq, _, _ in table(shared_settings, search_id)]
    assert all([seq for seq, _, _ in seen] == expected for seen in found.values())
    assert len(reads) < 50 + len(expected) + 5  # once each for what was there before; once in all for what came


def test_a_viewer_who_falls_behind_what_is_kept_reads_the_table(shared_settings, monkeypatch, client):
    monkeypatch.setattr(event_stream, "MIN_KEPT", 5)
    search_id = submit(client)
    url = f"/v1/searches/{search_id}/events"
    with client.stream("GET", url, params={"until_end": True}) as first:
        with playing(shared_settings):
            pass
        with client.stream("GET", url, params={"until_end": True, "from_seq": 4}) as late:
            lately = [seq for seq, _, _ in messages(late.iter_lines())]
        seen = [seq for seq, _, _ in messages(first.iter_lines())]

    count = len(table(shared_settings, search_id))
    assert seen == list(range(1, count + 1))
    assert lately == list(range(5, count + 1))


def test_a_quiet_stream_is_kept_alive(client, monkeypatch):
    monkeypatch.setattr(event_stream, "PING_S", 0.05)
    search_id = cancelled(client)

    with client.stream("GET", f"/v1/searches/{search_id}/events?from_seq=1000") as stream:
        lines = stream.iter_lines()
        assert [next(lines) for _ in range(5)] == [": connected", "", ": ping", "", ": ping"]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "٣", "9" * 18])
def test_a_last_event_id_is_a_number(client, last):
    search_id = cancelled(client)

    refused = client.get(f"/v1/searches/{search_id}/events", headers={"Last-Event-ID": last.encode()})

    body = assert_problem(refused, 422, "REQUEST_INVALID")
    assert body["errors"][0]["field"] == "Last-Event-ID"


def test_there_are_no_events_of_a_search_that_is_not_there(client):
    assert_problem(client.get(f"/v1/searches/srch_{'0' * 26}/events"), 404, "NOT_FOUND")
