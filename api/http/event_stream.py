"""Live events: one task reads the new events of the watched searches, once for all their viewers.

The event table stays the truth: a viewer starts from it, and only the newest lines are kept in memory.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from nas.errors import NasError
from nas.jobs.events import Events
from nas.jobs.records import EventRecord, SearchRecord
from nas.jobs.states import TERMINAL

POLL_S = 0.05
PING_S = 15.0
PING = b"event: ping\ndata: {}\n\n"
AFTER_FAULT_S = 1.0
PAGE = 1000
MIN_KEPT = 1000
"""At least so many of a watched search's newest events are kept in memory, at most twice that."""

_log = logging.getLogger("nas.api")

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class NoLongerAllowedError(NasError):
    """The client of a stream may not read it any more."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event as it is sent. ends: it moves the search into a terminal state (True), or out of one (False)."""

    seq: int
    ends: bool | None
    text: bytes


@dataclass(slots=True)
class Topic:
    """One watched search. lines are those after floor, up to seq, without gaps."""

    seq: int
    floor: int
    lines: list[Line] = field(default_factory=list)
    viewers: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, lines: Iterable[Line]) -> None:
        self.lines += lines
        self.seq = self.lines[-1].seq if self.lines else self.seq
        if len(self.lines) > 2 * MIN_KEPT:
            self.floor = self.lines[-MIN_KEPT - 1].seq
            del self.lines[:-MIN_KEPT]
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    def after(self, seq: int) -> list[Line] | None:
        """The lines after seq, or None if some of them are not in memory any more."""
        if seq < self.floor:
            return None
        return self.lines[seq - self.seq :] if seq < self.seq else []


class EventStreams:
    """All open streams of one process, in one event loop. run is their task; close ends them."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._topics: dict[str, Topic] = {}
        self._watched = asyncio.Event()
        self._closed = False
        self._threads: CapacityLimiter | None = None

    @property
    def viewers(self) -> int:
        return sum(topic.viewers for topic in self._topics.values())

    def close(self) -> None:
        self._closed = True
        for topic in self._topics.values():
            topic.wake()

    async def run(self) -> None:
        """Publish new events until cancelled. While the database does not answer, try again."""
        while True:
            await self._watched.wait()
            try:
                await self._publish_new()
            except NasError as error:
                _log.warning("events cannot be read: %s", error)
                await asyncio.sleep(AFTER_FAULT_S)
            await asyncio.sleep(POLL_S)

    async def _publish_new(self) -> None:
        watched = dict(self._topics)
        positions = await self._read(self._events.positions, list(watched))
        for search_id, topic in watched.items():
            if positions.get(search_id, topic.seq) > topic.seq:
                records = await self._read(self._events.after, search_id, topic.seq, PAGE)
                topic.publish(line(record) for record in records)

    async def _read(self, function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        if self._threads is None:  # apart from the routes' threads, so that a flood of requests delays no event
            self._threads = CapacityLimiter(4)
        return await to_thread.run_sync(function, *arguments, limiter=self._threads)

    async def _ask(self, allowed: Callable[[], bool], asked_s: float) -> float:
        """Ask if that was last done PING_S ago; returns when it was done last. NoLongerAllowedError for a no."""
        if time.monotonic() < asked_s + PING_S:
            return asked_s
        if not await self._read(allowed):
            raise NoLongerAllowedError("the key or session is over")
        return time.monotonic()

    async def stream(
        self,
        search: SearchRecord,
        seq: int,
        *,
        until_end: bool,
        allowed: Callable[[], bool] = lambda: True,
        ping: bytes = KEEPALIVE_COMMENT,
    ) -> AsyncIterator[bytes]:
        """Events after seq as server-sent events, then future ones, each once and in order, with pings in between.

        until_end: ends when all is sent and the search is in a terminal state. allowed: whether the client may still
        read; it is asked every PING_S.
        """
        topic = self._topics.setdefault(search.id, Topic(search.last_seq, search.last_seq))
        topic.viewers += 1
        self._watched.set()
        ended, asked_s = search.state in TERMINAL, time.monotonic()
        try:
            yield b": connected\n\n" if ping == KEEPALIVE_COMMENT else ping
            while not self._closed:
                asked_s = await self._ask(allowed, asked_s)
                news = topic.news
                lines = topic.after(seq)
                if lines is None:
                    lines = [line(record) for record in await self._read(self._events.after, search.id, seq, PAGE)]
                if lines:
                    seq = lines[-1].seq
                    ended = next((last.ends for last in reversed(lines) if last.ends is not None), ended)
                    yield b"".join(line.text for line in lines)
                elif until_end and ended:
                    return
                else:
                    try:
                        await asyncio.wait_for(news.wait(), PING_S)
                    except TimeoutError:
                        yield ping
        except NasError as error:  # the client connects again, and continues after its last event
            _log.warning("a stream of events ends: %s", error)
        finally:
            topic.viewers -= 1
            if not topic.viewers and self._topics.get(search.id) is topic:
                del self._topics[search.id]
            if not self._topics:
                self._watched.clear()


def line(record: EventRecord) -> Line:
    """The event as a server-sent event."""
    at = record.at.isoformat().replace("+00:00", "Z")
    data = json.dumps({"seq": record.seq, "type": record.type, "at": at, "data": record.data})
    ends = record.data.get("state") in TERMINAL if record.type == "search.state" else None
    return Line(record.seq, ends, format_sse_event(data_str=data, event=record.type, id=str(record.seq)))
