"""HTTP connections that are closed when their client is too slow to send a request or to read the answer.

uvicorn has a time-out for idle connections only: a client that sends a byte now and then would keep its place.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.error_handlers import problem

MIN_BYTES_PER_S = 1000
"""How fast a body has to come, on average over the time that headers may take."""


class TimedProtocol(H11Protocol):
    """request_s: time for the headers of a request, and for each 1000 bytes of it of the body. answer_s: time in which
    the client has to read something of an answer.
    """

    def __init__(self, *given: Any, request_s: float, answer_s: float, **named: Any) -> None:
        super().__init__(*given, **named)
        self._request_s, self._answer_s = request_s, answer_s
        self._awaited: Any = None
        self._received = 0
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.trailing_data[0]:  # a part of the next request came before
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._reading, self._writing):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self._answer_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing:
            self._writing.cancel()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._writing = self.loop.call_later(
            self._answer_s, self.transport.abort
        )  # what it did not read yet is dropped

    def _watch(self) -> None:
        """Begin the time for what is awaited: headers, or a part of the body. Nothing is while the app answers."""
        state = self.conn.their_state
        awaited = state if state in (h11.IDLE, h11.SEND_BODY) else None
        if awaited is not self._awaited:
            self._awaited = awaited
            if self._reading:
                self._reading.cancel()
            if awaited is not None:
                self._received = 0
                self._reading = self.loop.call_later(self._request_s, self._judge)

    def _judge(self) -> None:
        enough = self._received >= MIN_BYTES_PER_S * self._request_s
        ours = self.flow.read_paused or (self._awaited is h11.SEND_BODY and self.cycle.waiting_for_100_continue)
        if self._awaited is h11.SEND_BODY and (enough or ours):
            self._received = 0
            self._reading = self.loop.call_later(self._request_s, self._judge)
        elif not self.transport.is_closing():
            self._refuse()

    def _refuse(self) -> None:
        """Close the connection, and say why where an answer can still be sent."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = problem({}, "REQUEST_SLOW", "The request did not arrive in time.")
            headers = [*response.raw_headers, (b"connection", b"close")]
            status = HTTPStatus(response.status_code)
            events: tuple[h11.Event, ...] = (
                h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            )
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


def timed(request_s: float, answer_s: float) -> type[asyncio.Protocol]:
    """The protocol with these times, as uvicorn.Config takes it."""
    return cast("type[asyncio.Protocol]", partial(TimedProtocol, request_s=request_s, answer_s=answer_s))
