"""One request and how its answer is read, without input or output."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias
from uuid import uuid4

import httpx2

from api.client.errors import ApiError, UnreachableError

Json: TypeAlias = dict[str, Any]

BUSY = frozenset({429, 502, 503, 504})
FIRST_WAIT_S = 0.25
MAX_WAIT_S = 8.0
SILENCE_S = 35.0
"""A stream that is silent for as long is dead, or held back: the service sends a comment every 15 s."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    stream: its answer is read as it comes, and cut off where it is silent for silence_s.

    Every request may be sent twice: reads, changes to a named state, and creations, which carry an idempotency key.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] | None = None
    stream: bool = False
    silence_s: float = SILENCE_S


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


def creation() -> dict[str, str]:
    """The headers of a creation: however often it is sent, one thing is made."""
    return {"Idempotency-Key": str(uuid4())}


def content(response: httpx2.Response) -> Json:
    """The JSON object of a response."""
    try:
        value = response.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UnreachableError(f"what answers at {response.url.host} is no nas service; check the address")
    return value


def unreachable(error: httpx2.TransportError) -> UnreachableError:
    """The error of a request that no service answered."""
    url = error.request.url
    return UnreachableError(
        f"no service answers at {url.scheme}://{url.netloc.decode()} ({str(error) or type(error).__name__}); "
        "start one with `nas serve`, or set NAS_URL to where it is"
    )


def asked_wait_s(response: httpx2.Response) -> float | None:
    """The wait that a busy service asks for: Retry-After, which is a number of seconds or a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def refusal(response: httpx2.Response) -> ApiError:
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
