"""One request and what may go wrong with it, as steps, without input or output.

Steps are a generator that yields each step and is sent its outcome; a transport, synchronous or asynchronous, carries
them out (transport.py). So all that a client does is written once, for both.
"""

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import uuid4

import httpx2

from api.client.errors import ApiError, UnreachableError

T = TypeVar("T")

BUSY = frozenset({429, 502, 503, 504})
FIRST_WAIT_S = 0.25
MAX_WAIT_S = 8.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Every request may be sent twice: reads, changes to a named state, and creations, which carry an idempotency key.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """The start of a request; its outcome is the Patience for it."""


@dataclass(frozen=True, slots=True)
class Send:
    """One try of a request; its outcome is any response, or httpx2.TransportError is thrown in."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """The next bytes of the response that streams, None at its end."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """A value for the caller, of steps that give many."""

    value: T


Json: TypeAlias = dict[str, Any]
Step: TypeAlias = Begin | Send | Read | Pause
Steps: TypeAlias = Generator[Step, Any, T]
"""Steps with a result."""
Stream: TypeAlias = Generator[Step | Emit[T], Any, None]
"""Steps that give many values."""


class Exchange:
    """Steps on their way from value to value, for the transport that carries them out."""

    def __init__(self, steps: Steps[Any] | Stream[Any]) -> None:
        self._steps = steps
        self.ended = False
        self.value: Any = None

    def send(self, outcome: Any) -> Step | None:
        """The next step to carry out; None where `value` is for the caller: emitted, or at the end the result."""
        return self._next(lambda: self._steps.send(outcome))

    def throw(self, fault: Exception) -> Step | None:
        """As send, after a step that failed."""
        return self._next(lambda: self._steps.throw(fault))

    def close(self) -> None:
        self._steps.close()

    def _next(self, move: Callable[[], Step | Emit[Any]]) -> Step | None:
        try:
            step = move()
        except StopIteration as end:
            self.ended, self.value = True, end.value
            return None
        if isinstance(step, Emit):
            self.value = step.value
            return None
        return step


class Patience:
    """The waits between tries: doubling, with jitter so that many clients do not come back at once, and ending."""

    def __init__(self, patience_s: float) -> None:
        self._until = time.monotonic() + patience_s
        self._wait_s = FIRST_WAIT_S

    def wait_s(self, asked_s: float | None = None) -> float | None:
        """How long to wait now, as the service asked or else by ourselves; None if it is time to give up."""
        wait_s = self._wait_s * random.uniform(0.5, 1.0) if asked_s is None else asked_s
        self._wait_s = min(2 * self._wait_s, MAX_WAIT_S)
        return wait_s if time.monotonic() + wait_s <= self._until else None


def answered(request: Request) -> Steps[httpx2.Response]:
    """The response to a request, a success. ApiError if it is refused, UnreachableError if no service answers."""
    patience: Patience = yield Begin()
    while True:
        try:
            response: httpx2.Response = yield Send(request)
        except httpx2.TransportError as error:
            wait_s = patience.wait_s()
            if wait_s is None:
                raise _unreachable(error) from error
        else:
            if response.is_success:
                return response
            wait_s = patience.wait_s(_asked_s(response)) if response.status_code in BUSY else None
            if wait_s is None:
                raise _refusal(response)
        yield Pause(wait_s)


def creation(call_id: str | None = None) -> dict[str, str]:
    """The headers of a creation: however often it is sent, one thing is made."""
    return {"Idempotency-Key": call_id or str(uuid4())}


def content(response: httpx2.Response) -> Json:
    """The JSON object of a response."""
    try:
        value = response.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnreachableError(f"what answers at {response.url.host} is no nas service; check the address")
    return value


def _unreachable(error: httpx2.TransportError) -> UnreachableError:
    url = error.request.url
    return UnreachableError(
        f"no service answers at {url.scheme}://{url.netloc.decode()} ({str(error) or type(error).__name__}); "
        "start one with `nas serve`, or set NAS_URL to where it is"
    )


def _asked_s(response: httpx2.Response) -> float | None:
    """Retry-After, in seconds: a number or a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _refusal(response: httpx2.Response) -> ApiError:
    """The problem that a response describes; a proxy's own errors describe none."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    problem = problem if isinstance(problem, dict) else {}
    return ApiError(
        response.status_code,
        str(problem.get("reason") or f"HTTP_{response.status_code}"),
        str(problem.get("detail") or problem.get("title") or response.reason_phrase),
        [e for e in problem.get("errors") or () if isinstance(e, dict)],
        problem.get("request_id") or response.headers.get("X-Request-Id"),
    )
