"""Claim: with 10,000 trials in a search and 50 viewers, the API answers in milliseconds and events are seen at once.

    python benchmarks/api_load.py

p99 on 2 cores: GET of a search under 25 ms, a list of searches under 50 ms, POST of a search under 60 ms, on disk when
it is answered; an event is with every viewer within 250 ms. Then 20,000 trials as the columns that the dashboard draws:
under 150 ms, and gzipped under 0.6 MB.

The API is `nas serve --no-worker` in a process of its own; another plays the dispatcher, which writes five trials a
second all the while, more than such a machine can train; a third holds the viewers, who read the columns once and then
the stream of events, as the dashboard does; this one sends the requests that are timed. Exit code 1 if a claim does not
hold.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Lease
from nas.metric import network_metrics
from nas.ops.notation import write_network
from nas.spaces import load_space

NAS = Path(sys.executable).with_name("nas")
SPEC: dict[str, Any] = {"dataset": "fashion_mnist_mini", "max_trials": 100_000, "objective": {"name": "mnasnet"}}
COLUMN_READS = 20
COLUMN_BYTES = 600_000
READY_S = 120.0
DRAWN = ("number", "state", "accuracy", "latency_ms", "params", "macs", "size_bytes", "reward", "reused")
DRAWN += ("started_at", "ended_at")
"""The columns that the dashboard asks for."""


@contextlib.contextmanager
def api(home: Path) -> Iterator[str]:
    """The address of the API alone, on a ledger in home."""
    command = [str(NAS), "serve", "--open", "--no-worker", "--json", "--port", "0"]
    environment = os.environ | {"NAS_HOME": str(home), "NAS_TRIALS_PER_HOUR": "0"}
    with (home / "api.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
    try:
        yield json.loads(next(iter(process.stdout or ())))["url"]
    finally:
        process.terminate()
        process.wait()


def write_trials(owner: SearchOwner, first: int, last: int, pause_s: float = 0.0) -> None:
    """Ask and tell the trials with these numbers, as the dispatcher does."""
    space = load_space("small")
    for number in range(first, last):
        rng = Random(number)
        candidate = space.sample(rng)
        architecture = candidate.architecture
        network = architecture.expand()
        accuracy, latency_ms = rng.randrange(5000, 9500) / 10_000, rng.uniform(0.5, 9.0)
        known = {"latency_ms": latency_ms, "latency_error_ms": latency_ms / 100, **network_metrics(network)}
        described = {
            "architecture_id": architecture.id,
            "notation": write_network(network),
            "architecture": architecture.to_dict(),
            "choices": dict(candidate.choices),
        }
        owner.add({"event": "asked", "trial": number, "metrics": known, **described})
        owner.started(number, "worker-1")
        metrics = known | {"accuracy": accuracy}
        told = {"state": "succeeded", "metrics": metrics, "reward": accuracy / latency_ms, "reason": None}
        owner.told({"event": "told", "trial": number, **told})
        time.sleep(pause_s)


def dispatcher(database_url: str, lease: Lease, first: int, pause_s: float, over: Event) -> None:
    """Trial after trial until it is over."""
    ledger = Ledger(database_url)
    owner = SearchOwner(ledger, lease)
    while not over.is_set():
        write_trials(owner, first, first + 1, pause_s)
        first += 1
    ledger.close()


class Viewers:
    """Viewers of one search. delays: the seconds between an event and each viewer's sight of it, once all are there."""

    def __init__(self, url: str, search_id: str, count: int) -> None:
        self._url, self._path, self._count = url, f"/v1/searches/{search_id}", count
        self._connected = 0
        self.delays: list[float] = []

    async def run(self, ready: Event, over: Event) -> None:
        """Until it is over. A viewer that is cut off is an error."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._view()) for _ in range(self._count)]
            while not over.is_set():
                await asyncio.sleep(0.1)
                if self._connected == self._count:
                    ready.set()
            for task in tasks:
                task.cancel()

    async def _view(self) -> None:
        async with httpx2.AsyncClient(base_url=self._url, timeout=READY_S) as client:
            columns = (await client.get(f"{self._path}/trials:columns")).json()
            start = {"from_seq": columns["seq"]}
            async with client.stream("GET", f"{self._path}/events", params=start) as response:
                self._connected += 1
                async for row in response.aiter_lines():
                    if row.startswith("data:") and self._connected == self._count:
                        at = datetime.fromisoformat(json.loads(row[5:])["at"])
                        self.delays.append(time.time() - at.timestamp())


def view(viewers: Viewers, ready: Event, over: Event, found: Connection) -> None:
    """Send the viewers' delays when it is over."""
    asyncio.run(viewers.run(ready, over))
    found.send(viewers.delays)


def timed(request: Callable[[], httpx2.Response]) -> float:
    began = time.perf_counter()
    response = request()
    took = time.perf_counter() - began
    response.raise_for_status()
    return took


def load(client: httpx2.Client, search_id: str, rounds: int, pause_s: float) -> dict[str, list[float]]:
    """Seconds that each kind of request took, round by round."""

    def post() -> httpx2.Response:
        return client.post("/v1/searches", json=SPEC, headers={"Idempotency-Key": str(uuid.uuid4())})

    kinds: dict[str, Callable[[], httpx2.Response]] = {
        "GET search": lambda: client.get(f"/v1/searches/{search_id}"),
        "GET searches": lambda: client.get("/v1/searches"),
        "POST search": post,
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, request in kinds.items():
            taken[kind].append(timed(request))
            time.sleep(pause_s)
    return taken


def read_columns(client: httpx2.Client, search_id: str) -> tuple[list[float], int, int]:
    """Seconds of each reading, the gzipped bytes of one, and the number of trials in it."""
    path = f"/v1/searches/{search_id}/trials:columns?" + "&".join(f"column={name}" for name in DRAWN)
    seconds = [timed(lambda: client.get(path)) for _ in range(COLUMN_READS)]
    with client.stream("GET", path) as response:
        size = sum(len(part) for part in response.iter_raw())
    return seconds, size, len(client.get(path).json()["columns"]["number"])


def quantile(seconds: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))] * 1000


def row(name: str, seconds: list[float], limit_ms: float) -> bool:
    p50, p99, worst = quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds) * 1000
    print(f"| {name} | {len(seconds):,} | {p50:.1f} | {p99:.1f} | {worst:.1f} | {limit_ms:.0f} |", flush=True)
    return p99 < limit_ms


def measure(url: str, owner: SearchOwner, given: argparse.Namespace, database_url: str) -> dict[str, list[float]]:
    """Requests under load, and the delays of events."""
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    mine, theirs = context.Pipe(duplex=False)
    search_id = owner.lease.search_id
    others = [
        context.Process(target=view, args=(Viewers(url, search_id, given.viewers), ready, over, theirs)),
        context.Process(target=dispatcher, args=(database_url, owner.lease, given.trials, given.trial_pause, over)),
    ]
    for process in others:
        process.start()
    if not ready.wait(READY_S):
        over.set()
        raise SystemExit("the viewers were not connected in time")
    with httpx2.Client(base_url=url, timeout=30) as client:
        load(client, search_id, 5, 0.0)
        taken = load(client, search_id, given.rounds, given.pause)
    over.set()
    taken["event to a viewer"] = mine.recv()
    for process in others:
        process.join()
    return taken


def run(home: Path, given: argparse.Namespace) -> bool:
    database_url = f"sqlite:///{home / 'nas.db'}"
    limits = {"GET search": 25.0, "GET searches": 50.0, "POST search": 60.0, "event to a viewer": 250.0}
    with api(home) as url, httpx2.Client(base_url=url, timeout=60) as client:
        client.post("/v1/searches", json=SPEC).raise_for_status()
        ledger = Ledger(database_url)
        claim = ledger.claims.claim("benchmark")
        if claim is None:
            raise SystemExit("the search is not there")
        owner = SearchOwner(ledger, claim.lease)
        began = time.perf_counter()
        write_trials(owner, 0, given.trials)
        each_ms = (time.perf_counter() - began) / given.trials * 1000
        print(f"{given.trials:,} trials are in the ledger, {each_ms:.1f} ms each in three transactions\n")
        print("| what | n | p50 ms | p99 ms | worst ms | p99 is to be under |\n|---|---|---|---|---|---|")
        taken = measure(url, owner, given, database_url)
        holds = [row(kind, taken[kind], limit_ms) for kind, limit_ms in limits.items()]
        known = ledger.searches.get(owner.lease.search_id).counts.succeeded
        write_trials(owner, known, 2 * given.trials)
        seconds, size, trials = read_columns(client, owner.lease.search_id)
        holds += [row(f"GET columns of {trials:,} trials", seconds, 150.0), size < COLUMN_BYTES]
        print(f"\nthose columns, gzipped: {size / 1e6:.2f} MB (to be under 0.6)")
        ledger.close()
    return all(holds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=300, help="of one request of each kind")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between requests")
    parser.add_argument("--trial-pause", type=float, default=0.2, help="seconds between trials")
    given = parser.parse_args()
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    print(f"{machine}, SQLite {sqlite3.sqlite_version}, {given.viewers} viewers")
    with tempfile.TemporaryDirectory() as home:
        raise SystemExit(0 if run(Path(home), given) else 1)


if __name__ == "__main__":
    main()
