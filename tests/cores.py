"""One core for tests that train: several threads of steps this small only wait for each other."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest


@pytest.fixture(autouse=True, scope="module")
def one_core() -> Iterator[None]:
    """So that a training in this process or in one that it starts has one thread: a second one spins where cores are
    busy, which takes several times as long.
    """
    before = os.sched_getaffinity(0)
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with suppress(OSError):  # sandboxes refuse it: then it only takes longer
        os.sched_setaffinity(0, {sorted(before)[number % len(before)]})
    yield
    with suppress(OSError):
        os.sched_setaffinity(0, before)
