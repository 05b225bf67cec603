"""The two transports that perform scripts (see wire.py), and how a client reaches its service."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import httpx

from api.client.errors import UnreachableError
from api.client.wire import Begin, Call, Patience, Pause, Play, Read, Script, Send, Step

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
UPLOAD_TIMEOUT_S = 600.0
SILENCE_S = 45.0
"""A stream that says nothing for as long is dead: the service sends a comment every 15 s."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def options(url: str | None, key: str | None) -> dict[str, Any]:
    """How httpx reaches the service: as given, or as NAS_URL and NAS_API_KEY say; this machine without a proxy."""
    base = httpx.URL(url or os.environ.get("NAS_URL") or DEFAULT_URL)
    if base.scheme not in {"http", "https"} or not base.host:
        raise UnreachableError(f"{str(base)!r} is no address of a service; it looks like {DEFAULT_URL}")
    key = key or os.environ.get("NAS_API_KEY")
    return {
        "base_url": base,
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        "timeout": httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        "trust_env": base.host not in LOOPBACK,
    }


def _arguments(call: Call) -> dict[str, Any]:
    """The call as httpx.Client.build_request takes it."""
    arguments: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "params": dict(call.params),
        "headers": dict(call.headers),
        "json": call.json,
        "files": call.files,
    }
    if call.stream or call.files:
        patience_s = SILENCE_S if call.stream else UPLOAD_TIMEOUT_S
        arguments["timeout"] = httpx.Timeout(patience_s, connect=CONNECT_TIMEOUT_S)
    return arguments


class Transport:
    """Performs scripts in the calling thread."""

    def __init__(self, url: str | None, key: str | None, patience_s: float) -> None:
        self._http = httpx.Client(**options(url, key))
        self._patience_s = patience_s

    def run(self, script: Script[T]) -> T:
        """The result of a script."""
        performance = _Performance(script, self._http, self._patience_s)
        try:
            while performance.advance():
                pass
        finally:
            performance.close()
        result: T = performance.play.value
        return result

    def each(self, script: Script[None]) -> Iterator[Any]:
        """What a script emits, as it comes."""
        performance = _Performance(script, self._http, self._patience_s)
        try:
            while performance.advance():
                yield performance.play.value
        finally:
            performance.close()

    def close(self) -> None:
        self._http.close()


class AsyncTransport:
    """Performs scripts in the running event loop."""

    def __init__(self, url: str | None, key: str | None, patience_s: float) -> None:
        self._http = httpx.AsyncClient(**options(url, key))
        self._patience_s = patience_s

    async def run(self, script: Script[T]) -> T:
        """The result of a script."""
        performance = _AsyncPerformance(script, self._http, self._patience_s)
        try:
            while await performance.advance():
                pass
        finally:
            await performance.close()
        result: T = performance.play.value
        return result

    async def each(self, script: Script[None]) -> AsyncIterator[Any]:
        """What a script emits, as it comes."""
        performance = _AsyncPerformance(script, self._http, self._patience_s)
        try:
            while await performance.advance():
                yield performance.play.value
        finally:
            await performance.close()

    async def close(self) -> None:
        await self._http.aclose()


class _Performance:
    """One script being performed: at most one stream is open at a time."""

    def __init__(self, script: Script[Any], http: httpx.Client, patience_s: float) -> None:
        self.play = Play(script)
        self._http = http
        self._patience_s = patience_s
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def advance(self) -> bool:
        """Go on to the next value for the caller; False at the end, where it is the script's result."""
        step = self.play.send(None)
        while step is not None:
            try:
                outcome = self._perform(step)
            except httpx.TransportError as error:
                step = self.play.throw(error)
            else:
                step = self.play.send(outcome)
        return not self.play.ended

    def _perform(self, step: Step) -> Any:
        match step:
            case Begin():
                return Patience(self._patience_s)
            case Send(call):
                return self._send(call)
            case Read():
                return next(self._chunks, None)
            case Pause(seconds):
                return time.sleep(seconds)

    def _send(self, call: Call) -> httpx.Response:
        self._hang_up()
        response = self._http.send(self._http.build_request(**_arguments(call)), stream=call.stream)
        if call.stream:
            self._response, self._chunks = response, response.iter_bytes()
            if not response.is_success:
                response.read()
        return response

    def _hang_up(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def close(self) -> None:
        self.play.close()
        self._hang_up()


class _AsyncPerformance:
    """One script being performed: at most one stream is open at a time."""

    def __init__(self, script: Script[Any], http: httpx.AsyncClient, patience_s: float) -> None:
        self.play = Play(script)
        self._http = http
        self._patience_s = patience_s
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def advance(self) -> bool:
        """Go on to the next value for the caller; False at the end, where it is the script's result."""
        step = self.play.send(None)
        while step is not None:
            try:
                outcome = await self._perform(step)
            except httpx.TransportError as error:
                step = self.play.throw(error)
            else:
                step = self.play.send(outcome)
        return not self.play.ended

    async def _perform(self, step: Step) -> Any:
        match step:
            case Begin():
                return Patience(self._patience_s)
            case Send(call):
                return await self._send(call)
            case Read():
                return None if self._chunks is None else await anext(self._chunks, None)
            case Pause(seconds):
                return await asyncio.sleep(seconds)

    async def _send(self, call: Call) -> httpx.Response:
        await self._hang_up()
        response = await self._http.send(self._http.build_request(**_arguments(call)), stream=call.stream)
        if call.stream:
            self._response, self._chunks = response, response.aiter_bytes()
            if not response.is_success:
                await response.aread()
        return response

    async def _hang_up(self) -> None:
        if self._response is not None:
            await self._response.aclose()
            self._response = None

    async def close(self) -> None:
        self.play.close()
        await self._hang_up()
