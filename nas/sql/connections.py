"""How many connections a process may open to a database server, and how long it waits for one."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from sqlalchemy import URL
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

BUSY_TIMEOUT_S = 30
"""Time for which a writer waits for another one."""


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of one process to one database on a server; SQLite needs no limit.

    limit: number of them. wait_s: how long to wait for one while all are in use, or while the server takes no more.
    pooler: whether a connection pooler is between; None: each new connection finds out.
    """

    limit: int = 5
    wait_s: float = BUSY_TIMEOUT_S
    pooler: bool | None = None


@contextmanager
def slot(url: URL, connections: Connections) -> Iterator[None]:
    """One of the connections that this process may have at a time, for a database that keeps none.

    sqlalchemy's TimeoutError if none is free in time.
    """
    free = _slots(url, connections.limit, os.getpid())
    if not free.acquire(timeout=connections.wait_s):
        raise PoolTimeoutError("no connection is free")
    try:
        yield
    finally:
        free.release()


@cache
def _slots(_url: URL, limit: int, _pid: int) -> threading.BoundedSemaphore:
    """By process: one that was forked has its own connections."""
    return threading.BoundedSemaphore(limit)
