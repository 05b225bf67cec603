"""Claim: 44 hostile uploads, or floods of the slowest requests, leave other requests under 250 ms at p99.

    python benchmarks/slow_requests.py

Each upload is a zip of two black PNGs of 8000 x 7900 pixels, about 1 KB. They are sent once as they are, which the
limit on pixels refuses, and once with 300 KB of noise beside, so that all of it is decoded. Then each kind of request
that can be slow is sent 44 times at once: estimates by a table of 5,000 kernels, columns of 5,000 trials, pages of
10,000 events, large bodies of JSON, checks of spaces. Meanwhile routes that are none of these are polled, one
request after the other. The last phase sends nothing beside, for comparison.

API, floods and polls are in processes of their own, on the same cores. Exit code 1 if the claim does not hold.
"""

import argparse
import asyncio
import io
import os
import platform
import struct
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx2

from api_load import SPEC, api, quantile, write_trials
from latency.store import DEVICE, drawn, fill, signatures
from latency_db.storing.store import Store
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.ops import Network
from nas.ops.notation import write_network

T = TypeVar("T")

AT_ONCE = 44
LIMIT_MS = 250.0
WIDTH, HEIGHT = 8000, 7900
NOISE_BYTES = 300_000
PAUSE_S = 0.02
QUIET_S = 10.0
ANSWER_S = 600.0


@dataclass(frozen=True, slots=True)
class Flood:
    """A kind of request that is sent AT_ONCE times: keywords of httpx2's request by its number."""

    name: str
    request: Callable[[int], dict[str, Any]]


def black_png() -> bytes:
    """A grey PNG of WIDTH x HEIGHT black pixels, whose data is deflated twice as well as any other."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
    rows = zlib.compress(bytes((WIDTH + 1) * HEIGHT), 9)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def archive(number: int, picture: bytes, noise: bytes) -> bytes:
    """A zip of the picture in two classes. number: makes it another archive than others."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened:
        for name in ("a/1.png", "b/1.png"):
            opened.writestr(name, picture)
        opened.writestr("noise", noise, zipfile.ZIP_STORED)
        opened.comment = str(number).encode()
    return out.getvalue()


def floods(search_id: str, device: str, space: Any, networks: Sequence[Network]) -> Iterable[Flood]:
    picture, noise = black_png(), Random(1).randbytes(NOISE_BYTES)

    def upload(number: int, beside: bytes) -> dict[str, Any]:
        return {"method": "POST", "url": "/v1/datasets", "files": {"archive": archive(number, picture, beside)}}

    def get(path: str) -> Callable[[int], dict[str, Any]]:
        return lambda _: {"method": "GET", "url": f"/v1/searches/{search_id}/{path}"}

    def post(path: str, body: Callable[[int], Any]) -> Callable[[int], dict[str, Any]]:
        return lambda number: {"method": "POST", "url": path, "json": body(number)}

    yield Flood("uploads of 1 KB", lambda number: upload(number, b""))
    yield Flood("uploads that are decoded", lambda number: upload(number, noise))
    yield Flood(
        "estimates",
        post("/v1/latency:estimate", lambda n: {"device": device, "network": write_network(networks[n % 20])}),
    )
    yield Flood("columns", get("trials:columns"))
    yield Flood("pages of events", get("events?format=json&limit=10000"))
    yield Flood("pages of trials", get("trials?page_size=1000"))
    yield Flood("fronts", get("pareto?metric=accuracy&metric=macs&metric=params"))
    yield Flood("spaces", post("/v1/spaces:check", lambda _: {"space": space}))
    yield Flood("unknown fields", post("/v1/searches", lambda n: {f"{n} {field}": 0 for field in range(9000)}))
    yield Flood("wrong items", post("/v1/searches", lambda _: SPEC | {"references": [0] * 9000}))
    yield Flood("nested lists", post("/v1/searches", lambda _: SPEC | {"references": [[]] * 250_000}))


class Poll:
    """Requests of other routes, one after the other. seconds: what each took."""

    def __init__(self, search_id: str) -> None:
        self._paths = ["/healthz", "/readyz", f"/v1/searches/{search_id}", "/v1/session", "/v1/keys", "/v1/metrics"]
        self.seconds: list[float] = []

    async def run(self, url: str, over: asyncio.Event) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=ANSWER_S) as client:
            while not over.is_set():
                for path in self._paths:
                    began = time.perf_counter()
                    (await client.get(path)).raise_for_status()
                    self.seconds.append(time.perf_counter() - began)
                    await asyncio.sleep(PAUSE_S)


async def send(url: str, wanted: Sequence[dict[str, Any]]) -> tuple[Counter[int], float]:
    """The statuses of the answers, and the seconds until all were there. All are sent at once."""

    async def answer(client: httpx2.AsyncClient, request: httpx2.Request) -> int:
        return (await client.send(request)).status_code

    async with httpx2.AsyncClient(
        base_url=url, timeout=ANSWER_S, limits=httpx2.Limits(max_connections=AT_ONCE)
    ) as client:
        requests = [client.build_request(**one) for one in wanted]
        began = time.perf_counter()
        statuses = await asyncio.gather(*(answer(client, request) for request in requests))
        return Counter(statuses), time.perf_counter() - began


async def poll_beside(url: str, search_id: str, work: Awaitable[T]) -> tuple[list[float], T]:
    """Seconds of polled requests while the work is awaited; and what that returns."""
    poll, over = Poll(search_id), asyncio.Event()
    polling = asyncio.create_task(poll.run(url, over))
    result = await work
    over.set()
    await polling
    return poll.seconds, result


async def flood_beside(url: str, search_id: str, flood: Flood, pool: Executor) -> bool:
    """Send a flood from another process, and print how polled requests fare beside it."""
    wanted = [flood.request(number) for number in range(AT_ONCE)]
    sending = asyncio.get_running_loop().run_in_executor(pool, flood_apart, url, wanted)
    seconds, (statuses, took_s) = await poll_beside(url, search_id, sending)
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    return row(f"{AT_ONCE} {flood.name}", seconds, answers, took_s)


def flood_apart(url: str, wanted: Sequence[dict[str, Any]]) -> tuple[Counter[int], float]:
    return asyncio.run(send(url, wanted))


def row(name: str, seconds: list[float], statuses: str, took_s: float) -> bool:
    p50, p99, worst = quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds) * 1000
    print(f"| {name} | {statuses} | {took_s:.1f} | {len(seconds)} | {p50:.0f} | {p99:.0f} | {worst:.0f} |", flush=True)
    return p99 < LIMIT_MS


def run(home: Path, given: argparse.Namespace) -> bool:
    os.environ["NAS_LATENCY_DB"] = str(home / "latency.db")
    networks = drawn(20, 1)
    fill(Store(), signatures(networks, given.kernels), 1, Random(1))
    with api(home) as url, httpx2.Client(base_url=url, timeout=60) as client:
        client.post("/v1/searches", json=SPEC).raise_for_status()
        ledger = Ledger(f"sqlite:///{home / 'nas.db'}")
        claim = ledger.claims.claim("benchmark")
        if claim is None:
            raise SystemExit("the search is not there")
        write_trials(SearchOwner(ledger, claim.lease), 0, given.trials)
        search_id = claim.search.id
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        print(f"load of the machine before: {load}\n")
        print("| beside | answers | s | n | p50 ms | p99 ms | worst ms |\n|---|---|---|---|---|---|---|")
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            device = next(
                row["name"] for row in client.get("/v1/devices").json()["items"] if DEVICE.name in row["name"]
            )
            space = client.get("/v1/spaces/mobile").json()["definition"]
            known = floods(search_id, device, space, networks)
            chosen = [flood for flood in known if given.only in flood.name]
            holds = [asyncio.run(flood_beside(url, search_id, flood, pool)) for flood in chosen]
        seconds, _ = asyncio.run(poll_beside(url, search_id, asyncio.sleep(QUIET_S)))
        holds.append(row("nothing", seconds, "", QUIET_S))
        ledger.close()
    return all(holds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--kernels", type=int, default=5000)
    parser.add_argument("--only", default="", help="floods whose names contain this")
    given = parser.parse_args()
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as home:
        raise SystemExit(0 if run(Path(home), given) else 1)


if __name__ == "__main__":
    main()
