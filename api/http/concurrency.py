"""How many requests of a kind the service works on at once; some more wait, and others are refused with 429.

Routes whose work can take long are of a kind. So they cannot take all threads, cores and memory from other routes.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from anyio import CancelScope, Semaphore, WouldBlock, create_task_group, move_on_after
from fastapi import Depends, Request

from api.http.problems import ProblemError

RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class ConcurrencyLimit:
    """at_once: requests that are worked on. waiting: requests that wait for that, each for at most wait_s."""

    at_once: int
    waiting: int
    wait_s: float = 300.0


LIMITS: Mapping[str, ConcurrencyLimit] = {
    "uploads": ConcurrencyLimit(at_once=2, waiting=6, wait_s=1800.0),
    "estimates": ConcurrencyLimit(at_once=2, waiting=100),
    "specs": ConcurrencyLimit(at_once=4, waiting=2000),
    "records": ConcurrencyLimit(at_once=4, waiting=500),
    "agents": ConcurrencyLimit(at_once=2, waiting=500),
}
"""By kind. Only uploads take minutes; others take milliseconds most often, so that long queues are short waits."""


def limiters() -> dict[str, "Limiter"]:
    """By kind, those of one process."""
    return {kind: Limiter(kind, limit) for kind, limit in LIMITS.items()}


class Limiter:
    """Limits the requests of one kind, in one event loop. admitted_now: those that are worked on or wait."""

    def __init__(self, kind: str, limit: ConcurrencyLimit) -> None:
        self._kind = kind
        self._limit = limit
        self.admitted_now = 0
        self._slots = Semaphore(limit.at_once)

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """The request is worked on or waits. ProblemError, BUSY, if too many do."""
        if self.admitted_now >= self._limit.at_once + self._limit.waiting:
            raise self._busy()
        self.admitted_now += 1
        try:
            yield
        finally:
            self.admitted_now -= 1

    @asynccontextmanager
    async def slot(self, request: Request) -> AsyncIterator[None]:
        """The request is worked on, once others are done. ProblemError, BUSY, if that takes too long.

        The body of the request must have been read, or not be needed.
        """
        acquired = False
        try:
            try:
                self._slots.acquire_nowait()
                acquired = True
            except WouldBlock:
                with move_on_after(self._limit.wait_s):
                    async with create_task_group() as tasks:
                        tasks.start_soon(_cancel_when_left, request, tasks.cancel_scope)
                        await self._slots.acquire()
                        acquired = True
                        tasks.cancel_scope.cancel()
            if not acquired:
                raise self._busy()
            yield
        finally:
            if acquired:
                self._slots.release()

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """admitted and slot, one after the other."""
        async with self.admitted(), self.slot(request):
            yield

    def _busy(self) -> ProblemError:
        return ProblemError(
            "BUSY",
            f"The service works on as many {self._kind} as it can.",
            headers={"retry-after": str(RETRY_AFTER_S)},
        )


class Limited:
    """A dependency: requests of the route are of this kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    async def __call__(self, request: Request) -> AsyncIterator[None]:
        limiter: Limiter = request.app.state.shared.limiters[self.kind]
        async with limiter.turn(request):
            yield


def _limited(kind: str) -> Any:
    return Depends(Limited(kind), scope="function")  # over before the answer is sent, however slowly it is read


ESTIMATE, SPEC, RECORDS, AGENT_WORK = map(_limited, ("estimates", "specs", "records", "agents"))
"""For a route's dependencies, after those that ask for a key."""


async def left(request: Request) -> None:
    """Returns when the client has left. The body must have been read, or not be needed."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _cancel_when_left(request: Request, scope: CancelScope) -> None:
    await left(request)
    scope.cancel()
