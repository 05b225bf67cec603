"""The two transports that carry out steps (see wire.py), and how a client reaches its service."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import httpx2

from api.client.errors import UnreachableError
from api.client.wire import Begin, Exchange, Patience, Pause, Read, Request, Send, Step, Steps, Stream

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
UPLOAD_TIMEOUT_S = 600.0
SILENCE_S = 45.0
"""A stream that is silent for as long is dead: the service sends a comment every 15 s."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def options(url: str | None, key: str | None) -> dict[str, Any]:
    """How httpx2 reaches the service: as given, or as NAS_URL and NAS_API_KEY say; this machine without a proxy."""
    base = httpx2.URL(url or os.environ.get("NAS_URL") or DEFAULT_URL)
    if base.scheme not in {"http", "https"} or not base.host:
        raise UnreachableError(f"{str(base)!r} is not the address of a service; one looks like {DEFAULT_URL}")
    key = key or os.environ.get("NAS_API_KEY")
    return {
        "base_url": base,
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        "timeout": httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        "trust_env": base.host not in LOOPBACK,
    }


def _arguments(request: Request) -> dict[str, Any]:
    """The request as httpx2.Client.build_request takes it."""
    arguments: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "headers": dict(request.headers),
        "json": request.json,
        "files": request.files,
    }
    if request.stream or request.files:
        patience_s = SILENCE_S if request.stream else UPLOAD_TIMEOUT_S
        arguments["timeout"] = httpx2.Timeout(patience_s, connect=CONNECT_TIMEOUT_S)
    return arguments


class Transport:
    """Carries steps out in the calling thread."""

    def __init__(self, url: str | None, key: str | None, patience_s: float) -> None:
        self._http = httpx2.Client(**options(url, key))
        self._patience_s = patience_s

    def run(self, steps: Steps[T]) -> T:
        """The result of steps."""
        call = _Call(steps, self._http, self._patience_s)
        try:
            while call.advance():
                pass
        finally:
            call.close()
        result: T = call.exchange.value
        return result

    def each(self, steps: Stream[T]) -> Iterator[T]:
        """The values that steps give, each as it comes."""
        call = _Call(steps, self._http, self._patience_s)
        try:
            while call.advance():
                yield call.exchange.value
        finally:
            call.close()

    def close(self) -> None:
        self._http.close()


class AsyncTransport:
    """Carries steps out in the running event loop."""

    def __init__(self, url: str | None, key: str | None, patience_s: float) -> None:
        self._http = httpx2.AsyncClient(**options(url, key))
        self._patience_s = patience_s

    async def run(self, steps: Steps[T]) -> T:
        """The result of steps."""
        call = _AsyncCall(steps, self._http, self._patience_s)
        try:
            while await call.advance():
                pass
        finally:
            await call.close()
        result: T = call.exchange.value
        return result

    async def each(self, steps: Stream[T]) -> AsyncIterator[T]:
        """The values that steps give, each as it comes."""
        call = _AsyncCall(steps, self._http, self._patience_s)
        try:
            while await call.advance():
                yield call.exchange.value
        finally:
            await call.close()

    async def close(self) -> None:
        await self._http.aclose()


class _Call:
    """Steps being carried out: at most one stream is open at a time."""

    def __init__(self, steps: Steps[Any] | Stream[Any], http: httpx2.Client, patience_s: float) -> None:
        self.exchange = Exchange(steps)
        self._http = http
        self._patience_s = patience_s
        self._response: httpx2.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def advance(self) -> bool:
        """Continue to the next value for the caller; False at the end, where the value is the result of the steps."""
        step = self.exchange.send(None)
        while step is not None:
            try:
                outcome = self._carry_out(step)
            except httpx2.TransportError as error:
                step = self.exchange.throw(error)
            else:
                step = self.exchange.send(outcome)
        return not self.exchange.ended

    def _carry_out(self, step: Step) -> Any:
        match step:
            case Begin():
                return Patience(self._patience_s)
            case Send(request):
                return self._send(request)
            case Read():
                return next(self._chunks, None)
            case Pause(seconds):
                return time.sleep(seconds)

    def _send(self, request: Request) -> httpx2.Response:
        self._hang_up()
        response = self._http.send(self._http.build_request(**_arguments(request)), stream=request.stream)
        if request.stream:
            self._response, self._chunks = response, response.iter_bytes()
            if not response.is_success:
                response.read()
        return response

    def _hang_up(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def close(self) -> None:
        self.exchange.close()
        self._hang_up()


class _AsyncCall:
    """Steps being carried out: at most one stream is open at a time."""

    def __init__(self, steps: Steps[Any] | Stream[Any], http: httpx2.AsyncClient, patience_s: float) -> None:
        self.exchange = Exchange(steps)
        self._http = http
        self._patience_s = patience_s
        self._response: httpx2.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def advance(self) -> bool:
        """Continue to the next value for the caller; False at the end, where the value is the result of the steps."""
        step = self.exchange.send(None)
        while step is not None:
            try:
                outcome = await self._carry_out(step)
            except httpx2.TransportError as error:
                step = self.exchange.throw(error)
            else:
                step = self.exchange.send(outcome)
        return not self.exchange.ended

    async def _carry_out(self, step: Step) -> Any:
        match step:
            case Begin():
                return Patience(self._patience_s)
            case Send(request):
                return await self._send(request)
            case Read():
                return None if self._chunks is None else await anext(self._chunks, None)
            case Pause(seconds):
                return await asyncio.sleep(seconds)

    async def _send(self, request: Request) -> httpx2.Response:
        await self._hang_up()
        response = await self._http.send(self._http.build_request(**_arguments(request)), stream=request.stream)
        if request.stream:
            self._response, self._chunks = response, response.aiter_bytes()
            if not response.is_success:
                await response.aread()
        return response

    async def _hang_up(self) -> None:
        if self._response is not None:
            await self._response.aclose()
            self._response = None

    async def close(self) -> None:
        self.exchange.close()
        await self._hang_up()
