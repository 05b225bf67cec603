"""Watching a search over a line that is cut at random places."""

import asyncio
import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import Answer, scripted

from api.client import ApiError, AsyncClient, Client
from api.client.sse import Message, MessageParser

AT = "2026-11-23T10:00:00Z"
SEARCH = {"id": "srch_1", "name": "", "state": "RUNNING", "max_trials": 4, "created_at": AT, "last_seq": 0}
STREAM = (
    b"\xef\xbb\xbfid: 1\nevent: search.created\ndata: {}\n\n: ping\n\nid:2\r\ndata:\xc3\xbc\r\ndata: b\r\n\r\n"
    b"event: no data\n\nid: 3\rdata: x\r\rretry: 5\n\nid: 4\ndata: cut off"
)
MESSAGES = [Message("1", "search.created", "{}"), Message("2", "", "\u00fc\nb"), Message("3", "", "x")]


@given(st.lists(st.integers(0, len(STREAM))))
def test_messages_do_not_depend_on_where_the_bytes_are_cut(cuts):
    places = sorted({0, *cuts, len(STREAM)})
    parser = MessageParser()

    found = [m for a, b in itertools.pairwise(places) for m in parser.feed(STREAM[a:b])]

    assert found == MESSAGES


def events_of(count):
    """The events of a search of so many, the last of which ends it; between them the pings of a stream."""
    made = []
    for seq in range(1, count + 1):
        ends = seq == count
        data = {"state": "SUCCEEDED"} if ends else {"text": f"line {seq} \u2028 é"}
        event = {"seq": seq, "type": "search.state" if ends else "search.note", "at": AT, "data": data}
        made.append(f": ping\n\nid: {seq}\nevent: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n")
    return [text.encode() for text in made]


def cutting_service(count, cuts, seed=0):
    """It serves the events after Last-Event-ID and closes the line at a random byte, so many times; now and then it is
    away altogether, or begins again a little before what was asked for.
    """
    rng, events, left = random.Random(seed), events_of(count), [cuts]

    def answer(request):
        if "/events" not in request.path:
            return Answer(200, SEARCH)
        after = int(request.headers["last-event-id"])
        if left[0] and rng.random() < 0.1:
            left[0] -= 1
            return Answer(503, {})
        body = b"".join(events[max(0, after - rng.randrange(2)) :])
        if left[0]:
            left[0] -= 1
            body = body[: rng.randrange(min(len(body), 2000))]
            return Answer(200, body, {"Content-Type": "text/event-stream"}, cut=rng.random() < 0.5)
        return Answer(200, body, {"Content-Type": "text/event-stream"})

    return answer


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr("api.client.calls.RESUME_S", 0.001)
    monkeypatch.setattr("api.client.wire.FIRST_WAIT_S", 0.001)


@pytest.mark.usefixtures("fast")
def test_each_event_comes_once_and_in_order_over_a_line_cut_a_hundred_times():
    with scripted(cutting_service(600, cuts=100)) as server, Client(server.url) as client:
        seen = list(client.search("srch_1").watch())

    assert [e.seq for e in seen] == list(range(1, 601))
    assert seen[-1].ends
    assert sum("/events" in r.path for r in server.requests) == 101


@pytest.mark.usefixtures("fast")
def test_the_asynchronous_client_sees_the_same():
    async def watch(url):
        async with AsyncClient(url) as client:
            search = await client.search("srch_1")
            return [event.seq async for event in search.watch(after=10)]

    with scripted(cutting_service(100, cuts=20, seed=1)) as server:
        assert asyncio.run(watch(server.url)) == list(range(11, 101))


def test_watching_a_search_that_is_over_ends_at_once():
    """Nothing comes after its last event, so its state is what ends the watch."""

    def answer(request):
        if "/events" in request.path:
            return Answer(200, b": ping\n\n", {"Content-Type": "text/event-stream"})
        return Answer(200, SEARCH | {"state": "CANCELLED", "last_seq": 7})

    with scripted(answer) as server, Client(server.url) as client:
        assert list(client.search("srch_1").watch(after=7)) == []


def test_a_refused_stream_is_an_error():
    def answer(request):
        return Answer(404, {"reason": "NOT_FOUND"}) if "/events" in request.path else Answer(200, SEARCH)

    with scripted(answer) as server, Client(server.url) as client, pytest.raises(ApiError) as raised:
        next(client.search("srch_1").watch())

    assert raised.value.reason == "NOT_FOUND"


def test_a_watch_that_is_left_lets_go_of_its_connection():
    with scripted(cutting_service(50, cuts=0)) as server, Client(server.url) as client:
        search = client.search("srch_1")
        watched = search.watch()
        assert next(watched).seq == 1
        watched.close()

        assert search.refresh().id == "srch_1"
