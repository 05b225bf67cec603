"""How much each API key, and each client's address, may ask for in an hour, and hold at once; beyond: 429."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Self

from api.http.problems import ProblemError
from nas.quantities import HOUR_S
from nas.service.settings import Settings

STREAMS_RETRY_S = 30
MANY = 10_000
"""Buckets that are kept before the full ones are dropped."""

Askers = tuple[str, ...]
"""Whom a request is counted for: the network of its client, and its key."""


def network(address: str) -> str:
    """An IPv6 address as its network of 64 bits, of which a client can have any address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))


class Rates:
    """Token buckets by kind and asker: full at first, filled again within an hour; and what is held now.

    per_hour, at_once: limits by kind; 0 is none. clock: in seconds.
    """

    def __init__(
        self, per_hour: Mapping[str, int], at_once: Mapping[str, int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_hour, self._at_once, self._clock = per_hour, at_once, clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._held: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        per_hour = {
            "searches": settings.searches_per_hour,
            "trials": settings.trials_per_hour,
            "bytes of uploads": settings.upload_bytes_per_hour,
        }
        return cls(per_hour, {"event streams": settings.event_streams})

    def take(self, asking: Askers, **amounts: int) -> None:
        """Count amounts by kind, `_` for a space; all or, with ProblemError RATE_EXCEEDED, none of them."""
        wanted = {kind.replace("_", " "): amount for kind, amount in amounts.items()}
        limited = {kind: amount for kind, amount in wanted.items() if amount and self._per_hour[kind]}
        with self._lock:
            now = self._clock()
            left = {(kind, who): self._left(kind, who, now) for kind in limited for who in asking}
            for (kind, _), tokens in left.items():
                if tokens < limited[kind]:
                    raise self._exceeded(kind, limited[kind], tokens)
            for (kind, who), tokens in left.items():
                self._buckets[kind, who] = (tokens - limited[kind], now)
            if len(self._buckets) > MANY:
                full = [each for each in self._buckets if self._left(*each, now) >= self._per_hour[each[0]]]
                for each in full:
                    del self._buckets[each]

    @contextmanager
    def holding(self, kind: str, asking: Askers) -> Iterator[None]:
        """Count one of a kind until the block ends. ProblemError, RATE_EXCEEDED, if too many are held."""
        limit, places = self._at_once[kind], [(kind, who) for who in asking]
        with self._lock:
            if limit and any(self._held.get(place, 0) >= limit for place in places):
                raise _refusal(f"{limit:,} {kind} are open for this key or client; close some", STREAMS_RETRY_S)
            for place in places:
                self._held[place] = self._held.get(place, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                for place in places:
                    self._held[place] -= 1
                    if not self._held[place]:
                        del self._held[place]

    def _left(self, kind: str, who: str, now: float) -> float:
        limit = self._per_hour[kind]
        tokens, at = self._buckets.get((kind, who), (float(limit), now))
        return min(limit, tokens + (now - at) * limit / HOUR_S)

    def _exceeded(self, kind: str, amount: float, tokens: float) -> ProblemError:
        limit = self._per_hour[kind]
        wait_s = (min(amount, limit) - tokens) * HOUR_S / limit
        return _refusal(f"{limit:,} {kind} an hour are allowed for one key or client; this asks for {amount:,}", wait_s)


def _refusal(message: str, wait_s: float) -> ProblemError:
    return ProblemError("RATE_EXCEEDED", f"{message}.", headers={"retry-after": str(max(1, math.ceil(wait_s)))})
