"""Checks in front of the routes: a body that is too large, of another media type, or hostile JSON is refused.

Python's JSON reader accepts NaN, half surrogate pairs, NUL and any depth, each of which fails later in the service.
"""

import json
import math
from contextlib import AsyncExitStack
from typing import Any, Never

from anyio import Semaphore, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.error_handlers import problem
from api.http.problems import ProblemError

JSON_LIMIT = 1 << 20
UPLOAD_LIMIT = 4 << 30
"""Bytes of an archive of images."""
LARGE_BYTES = 4 << 10
"""JSON bodies above are worked on one at a time: reading them, and finding their faults, holds the event loop."""
VALUES_LIMIT = 10_000
"""Each may be a fault, of which FastAPI makes a list while no other request is answered."""
RESULTS_VALUES_LIMIT = 100_000
"""Of the results that an agent sends, whose records are not checked by FastAPI."""
_RESULTS = ":complete"
DEPTH_LIMIT = 64
INTEGER_LIMIT = 1 << 63
_INTEGER_DIGITS = 20
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class BodyLimits:
    """ASGI middleware. upload_limit: bytes of a multipart body, which is streamed; JSON is read here as a whole."""

    def __init__(self, app: ASGIApp, upload_limit: int) -> None:
        self._app = app
        self._upload_limit = upload_limit
        self._large = Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _BODY_METHODS:
            await self._app(scope, receive, send)
            return
        try:
            checked, size_bytes = await self._checked(scope, receive)
        except ProblemError as error:
            # The rest of the body is not read, so the connection cannot be used again.
            response = problem(scope, error.reason, str(error), headers={"connection": "close"})
            await response(scope, receive, send)
            return
        if size_bytes <= LARGE_BYTES:
            await self._app(scope, checked, send)
        else:
            await self._one_by_one(scope, checked, send)

    async def _one_by_one(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer once others have; how fast the client reads the answer is its own matter."""
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self._large)

            async def send_and_make_way(message: Message) -> None:
                await turn.aclose()
                await send(message)

            await self._app(scope, receive, send_and_make_way)

    async def _checked(self, scope: Scope, receive: Receive) -> tuple[Receive, int]:
        """A receive that gives the same body, and the bytes of JSON in it. ProblemError if the body is refused."""
        headers = Headers(scope=scope)
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        upload = media == "multipart/form-data"
        limit = self._upload_limit if upload else JSON_LIMIT
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:20]) > limit:
            raise _too_large(limit)
        if upload:
            return _limited(receive, limit), 0
        body, last = await _read(receive, limit)
        if body:
            if media != "application/json" and not media.endswith("+json"):
                raise ProblemError("MEDIA_TYPE_UNSUPPORTED", "Send application/json, or multipart/form-data for files.")
            if len(body) > LARGE_BYTES:
                most = RESULTS_VALUES_LIMIT if scope["path"].endswith(_RESULTS) else VALUES_LIMIT
                async with self._large:
                    await to_thread.run_sync(check_json, body, most)
            else:
                check_json(body)
        return _replayed(body, last, receive), len(body)


def check_json(body: bytes, most_values: int = VALUES_LIMIT) -> None:
    """ProblemError, JSON_INVALID, says what is wrong with the body, if anything is."""
    too_many = f"it has more than {most_values:,} values"
    if body.count(b"[") + body.count(b"{") > most_values:  # before they take memory, and time to collect
        raise _invalid(too_many)
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_int=_integer, parse_float=_number)
    except UnicodeDecodeError:
        raise _invalid("it is not UTF-8") from None
    except RecursionError:
        raise _invalid(f"it is nested more than {DEPTH_LIMIT} deep") from None
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    open_values: list[tuple[Any, int]] = [(value, 1)]
    left = most_values
    while open_values:
        value, depth = open_values.pop()
        left -= len(value) if isinstance(value, dict | list) else 0
        if left < 0:
            raise _invalid(too_many)
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > DEPTH_LIMIT:
                raise _invalid(f"it is nested more than {DEPTH_LIMIT} deep")
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            open_values += [(part, depth + 1) for part in parts if isinstance(part, str | dict | list)]


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _invalid("its text has a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _invalid("its text has half a surrogate pair") from None


def _no_constant(name: str) -> Never:
    raise _invalid(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS or not -INTEGER_LIMIT <= (value := int(digits)) < INTEGER_LIMIT:
        raise _invalid("an integer has more than 64 bits")
    return value


def _number(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise _invalid("a number is too large for 64 bits")
    return value


def _invalid(fault: str) -> ProblemError:
    return ProblemError("JSON_INVALID", f"The body is not JSON that the service accepts: {fault}.")


def _too_large(limit: int) -> ProblemError:
    return ProblemError("BODY_TOO_LARGE", f"The body is larger than {limit} bytes.")


async def _read(receive: Receive, limit: int) -> tuple[bytes, Message]:
    """The body and the last message of it."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"", message
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return b"".join(chunks), message


def _replayed(body: bytes, last: Message, receive: Receive) -> Receive:
    pending = [{**last, "body": body} if last["type"] == "http.request" else last]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again


def _limited(receive: Receive, limit: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(413)  # FastAPI turns any other exception of its form parser into a 400
        return message

    return counted
