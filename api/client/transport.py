"""How the clients reach their service.

What a client does is written once, as coroutines. For asyncio they are awaited. The blocking transport runs them in the
calling thread: all that they await is its own methods, which block, so that a coroutine runs to its end at once.
"""

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import httpx2

from api.client.errors import UnreachableError
from api.client.wire import BUSY, Json, Patience, Request, asked_wait_s, content, refusal, unreachable

T = TypeVar("T")
H = TypeVar("H", httpx2.Client, httpx2.AsyncClient)

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0
UPLOAD_TIMEOUT_S = 600.0

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


def opened(kind: Callable[..., H], url: str | None = None, key: str | None = None, **more: Any) -> H:
    """An httpx2 client of this kind, with further options. UnreachableError for a proxy that cannot be used."""
    given = options(url, key)
    try:
        return kind(**given | more)
    except (ImportError, ValueError) as error:
        raise UnreachableError(
            f"a proxy that the environment names cannot be used: {str(error).partition('. ')[0]}; correct HTTP_PROXY, "
            "HTTPS_PROXY or ALL_PROXY, or for a SOCKS proxy: pip install socksio"
        ) from None


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
        patience_s = request.silence_s if request.stream else UPLOAD_TIMEOUT_S
        arguments["timeout"] = httpx2.Timeout(patience_s, connect=CONNECT_TIMEOUT_S)
    return arguments


class Transport(ABC):
    """Sends requests to one service, again while it is busy or cannot be reached, for up to patience_s."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s

    @abstractmethod
    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """What a caller gets for a coroutine."""

    @abstractmethod
    def each(self, values: AsyncGenerator[Any, None]) -> Any:
        """What a caller gets for many values."""

    @abstractmethod
    def close(self) -> Any:
        """Close the connections."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait."""

    @abstractmethod
    async def _send(self, request: Request) -> httpx2.Response:
        """One try of a request. The content is read, but for a success that streams."""

    @abstractmethod
    def _chunks(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        """The content of a response that streams."""

    @abstractmethod
    async def _release(self, response: httpx2.Response) -> None:
        """Close a response that streams."""

    async def answered(self, request: Request) -> httpx2.Response:
        """The response to a request, a success. ApiError if it is refused, UnreachableError if no service answers."""
        patience = Patience(self._patience_s)
        while True:
            try:
                response = await self._send(request)
            except httpx2.TransportError as error:
                if request.stream and isinstance(error, httpx2.ReadTimeout):
                    raise
                wait_s = patience.wait_s()
                if wait_s is None:
                    raise unreachable(error) from error
            else:
                if response.is_success:
                    return response
                wait_s = patience.wait_s(asked_wait_s(response)) if response.status_code in BUSY else None
                if wait_s is None:
                    raise refusal(response)
            await self.sleep(wait_s)

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The content of the response to a request, as it comes. httpx2.TransportError if it is cut off."""
        response = await self.answered(request)
        try:
            async for chunk in self._chunks(response):
                yield chunk
        finally:
            await self._release(response)

    async def get(self, path: str, **params: Any) -> Json:
        """The JSON object at a path; parameters that are None are left out."""
        given = {key: value for key, value in params.items() if value is not None}
        return content(await self.answered(Request("GET", path, given)))

    async def post(
        self, path: str, sent: Any = None, *, headers: Mapping[str, str] | None = None, **params: Any
    ) -> Json:
        return content(await self.answered(Request("POST", path, params, sent, headers or {})))


class BlockingTransport(Transport):
    """Calls return when they are done."""

    def __init__(self, url: str | None, key: str | None, patience_s: float) -> None:
        super().__init__(patience_s)
        self._http = opened(httpx2.Client, url, key)

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return _completed(call)

    def each(self, values: AsyncGenerator[T, None]) -> Iterator[T]:
        try:
            while True:
                try:
                    value = _completed(anext(values))
                except StopAsyncIteration:
                    return
                yield value
        finally:
            _completed(values.aclose())

    def close(self) -> None:
        self._http.close()

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - it is to block (see above)

    async def _send(self, request: Request) -> httpx2.Response:
        response = self._http.send(self._http.build_request(**_arguments(request)), stream=request.stream)
        if not response.is_success:
            response.read()
        return response

    async def _chunks(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        for chunk in response.iter_bytes():
            yield chunk

    async def _release(self, response: httpx2.Response) -> None:
        response.close()


def _completed(call: Awaitable[T]) -> T:
    """The result of an awaitable that never waits for an event loop."""
    try:
        call.__await__().send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("a blocking call awaits nothing but the methods of its transport")


class AsyncTransport(Transport):
    """Calls are awaited in an event loop of asyncio."""

    def __init__(self, url: str | None, key: str | None, patience_s: float) -> None:
        super().__init__(patience_s)
        self._http = opened(httpx2.AsyncClient, url, key)

    def run(self, call: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        return call

    def each(self, values: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        return values

    async def close(self) -> None:
        await self._http.aclose()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _send(self, request: Request) -> httpx2.Response:
        response = await self._http.send(self._http.build_request(**_arguments(request)), stream=request.stream)
        if not response.is_success:
            await response.aread()
        return response

    def _chunks(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        return response.aiter_bytes()

    async def _release(self, response: httpx2.Response) -> None:
        await response.aclose()
