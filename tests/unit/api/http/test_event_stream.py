"""Event streams over a real ledger, in a loop of the test's own."""

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from live_service import SPEC

from api.http import event_stream
from api.http.event_stream import EventStreams
from nas.jobs.ledger import Ledger
from nas.spec import parse_spec


@pytest.fixture
def ledger(sqlite_url):
    opened = Ledger(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def search(ledger):
    return ledger.searches.submit(parse_spec(SPEC).model_dump(mode="json"), name="watched")[0]


@asynccontextmanager
async def running(ledger):
    served = EventStreams(ledger.events)
    task = asyncio.create_task(served.run())
    try:
        yield served
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def types(stream, count):
    """The types of the next events of a stream."""
    found = []
    while len(found) < count:
        text = (await anext(stream)).decode()
        found += [line.partition(": ")[2] for line in text.splitlines() if line.startswith("event: ")]
    return found


def test_a_stream_outlives_its_database(ledger, search, monkeypatch):
    monkeypatch.setattr(event_stream, "AFTER_FAULT_S", 0.01)

    async def watch():
        async with running(ledger) as served:
            stream = served.stream(search, 0, until_end=False)
            assert await types(stream, 1) == ["search.created"]
            later = asyncio.create_task(types(stream, 1))
            path = ledger.database._engine.url.database
            await asyncio.to_thread(break_down, ledger, path)
            await asyncio.sleep(4 * event_stream.POLL_S)
            assert not later.done()
            await asyncio.to_thread(mend, path)
            await asyncio.to_thread(ledger.searches.change, search.id, name="renamed")
            assert await later == ["search.changed"]

    asyncio.run(watch())


def break_down(ledger, path):
    Path(path).rename(f"{path}.away")
    Path(path).mkdir()
    ledger.close()


def mend(path):
    Path(path).rmdir()
    Path(f"{path}.away").rename(path)


def test_streams_end_when_they_are_closed(ledger, search):
    async def watch():
        async with running(ledger) as served:
            streams = [served.stream(search, 0, until_end=False) for _ in range(3)]
            ends = [asyncio.create_task(drain(stream)) for stream in streams]
            await asyncio.sleep(2 * event_stream.POLL_S)
            assert served.viewers == 3
            served.close()
            return await asyncio.gather(*ends)

    assert all(b"search.created" in text for text in asyncio.run(watch()))


async def drain(stream):
    return b"".join([part async for part in stream])


def test_nothing_is_read_without_viewers(ledger, search, monkeypatch):
    reads = []
    positions = event_stream.Events.positions
    monkeypatch.setattr(
        event_stream.Events, "positions", lambda self, ids: reads.append([*ids]) or positions(self, reads[-1])
    )

    async def watch():
        async with running(ledger) as served:
            await asyncio.sleep(3 * event_stream.POLL_S)
            assert reads == []
            stream = served.stream(search, 0, until_end=False)
            await types(stream, 1)
            await asyncio.sleep(3 * event_stream.POLL_S)
            await stream.aclose()
            await asyncio.sleep(2 * event_stream.POLL_S)
            count = len(reads)
            await asyncio.sleep(3 * event_stream.POLL_S)
            assert len(reads) == count
            assert served._topics == {}

    asyncio.run(watch())
    assert reads
    assert all(ids == [search.id] for ids in reads)
