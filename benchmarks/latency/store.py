"""Claim: with a million samples in the database, a warm estimate of a 20-block network takes less than 1 ms at p99.

    python benchmarks/latency/store.py
    python benchmarks/latency/store.py --location filled.db

Fills an empty database with made-up sessions: the kernels of random networks of the space `mobile` with at least 20
blocks, and further keys, so that one target has --signatures of them and each has --sessions samples.
Then times, in wall time: reading all that stands (`Store.values`), the first estimate of a new estimator, opening
the database included (cold), and estimates of networks whose kernels it has read (warm). Exit code 1 if the warm p99 is
1 ms or more. Machine and versions are printed; results: docs/results/latency_store.md
"""

import argparse
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import uuid4

import numpy as np
import sqlalchemy
from sqlalchemy import Connection, select

from latency_db.devices.device import Device
from latency_db.estimating.estimator import Estimator
from latency_db.records.record import Kind, LatencyRecord, MeasurementSession, Signature, Statistic, Statistics
from latency_db.records.reference_models import EMPTY_KERNEL, EMPTY_NETWORK
from latency_db.storing import tables
from latency_db.storing.consensus_rows import recompute
from latency_db.storing.store import Store
from nas.ops import Network
from nas.ops.kernels import kernels
from nas.ops.notation import write_network
from nas.spaces import load_space

LIMIT_MS = 1.0
BLOCKS = 20
BATCH = 5000
APART = 10_000_000
DEVICE = Device(
    "made-up", "onnxruntime_cpu", "fp32", 1, {"cpu": "none", "runtime": "onnxruntime_cpu", "runtime_version": "1"}
)


def drawn(count: int, seed: int) -> list[Network]:
    space, rng = load_space("mobile"), Random(seed)
    networks: dict[Network, None] = {}
    while len(networks) < count:
        network = space.sample(rng).architecture.expand()
        if len(list(kernels(network))) >= BLOCKS:
            networks[network] = None
    return list(networks)


def signatures(networks: Iterable[Network], count: int) -> list[Signature]:
    """Of all that the networks' estimates ask for, and further ones up to count."""
    parts = dict.fromkeys(kernel for network in networks for kernel in kernels(network))
    asked = (network for kernel in parts for network in (kernel.in_context(), kernel.context()))
    found = dict.fromkeys(
        [EMPTY_KERNEL, EMPTY_NETWORK, *(Signature(write_network(network), Kind.KERNEL) for network in asked)]
    )
    more = (Signature(f"8x8x8: conv_{number}", Kind.KERNEL) for number in range(1, count + 1 - len(found)))
    return [*found, *more]


def fill(store: Store, wanted: Sequence[Signature], sessions: int, rng: Random) -> None:
    """A session through Store.add, in transactions of BATCH; the others are copies of it, each up to 1 % slower."""
    session = MeasurementSession(DEVICE, datetime(2026, 1, 1, tzinfo=UTC), "made up", {}, 0.002, 0.05, 0.01)
    start = perf_counter()
    for first in range(0, len(wanted), BATCH):
        part = replace(session, uid=uuid4().hex)
        store.add([record(one, part, 0.05 + 0.1 * rng.random()) for one in wanted[first : first + BATCH]])
    print(f"{len(wanted):,} samples were added at {len(wanted) / (perf_counter() - start):,.0f} a second")
    with store.writing() as connection:
        for number in range(1, sessions):
            copy(connection, number, 1 + 0.01 * rng.random())
        recompute(connection, 1, connection.scalars(select(tables.signature.c.id)).all())


def copy(connection: Connection, number: int, slower: float) -> None:
    """A copy of the first sessions and of their samples."""
    for table in (tables.session, tables.sample):
        changed = {
            "id": table.c.id + APART * number,
            "uid": tables.session.c.uid + f" {number}",
            "session_id": tables.sample.c.session_id + APART * number,
            "latency_ms": tables.sample.c.latency_ms * slower,
        }
        columns = [changed.get(column.name, column) for column in table.c]
        first = select(*columns).where(table.c.id < APART)
        connection.execute(table.insert().from_select([column.name for column in table.c], first))


def record(signature: Signature, session: MeasurementSession, ms: float) -> LatencyRecord:
    summary = Statistics(ms, ms, ms, ms, ms, ms, ms, ms, 0.0, 20)
    rounds_ms = (ms, ms * 1.001, ms * 1.01)
    return LatencyRecord(signature, session, Statistic.CPU_P10_BEST, ms, rounds_ms, summary, summary)


def timed(calls: Iterable[Callable[[], object]]) -> str:
    """Median and 99th percentile of the calls' milliseconds."""
    took = []
    for call in calls:
        start = perf_counter()
        call()
        took.append((perf_counter() - start) * 1e3)
    p50, p99 = np.quantile(took, (0.5, 0.99))
    return f"{p50:.3f} | {p99:.3f} | {len(took)}"


def report(location: str, networks: Sequence[Network]) -> float:
    """Print the table; returns the warm p99 in ms."""
    store = Store(location)
    samples = sum(summary.samples for summary in store.devices())
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, ", end="")
    print(f"SQLAlchemy {sqlalchemy.__version__}, {store.name.split(':')[0]}")
    print(f"{samples:,} samples besides those of the fixed models\n")
    found = len(store.values(DEVICE, Kind.KERNEL))
    print("| what | p50, ms | p99, ms | n |\n|---|---|---|---|")
    print(f"| values, {found:,} keys | {timed([lambda: store.values(DEVICE, Kind.KERNEL)] * 10)} |")
    cold = [lambda n=network: Estimator(Store(location), DEVICE).estimate(n) for network in networks]
    print(f"| cold estimate | {timed(cold)} |")
    estimator = Estimator(store, DEVICE)
    for network in networks:
        estimator.estimate(network)
    warm = timed([lambda n=network: estimator.estimate(n) for network in networks * 20])
    print(f"| warm estimate | {warm} |")
    return float(warm.split(" | ")[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--location", help="Path or URL of a database, filled if it is empty, and kept.")
    parser.add_argument("--signatures", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--networks", type=int, default=100, help="As many as when the database was filled.")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    networks = drawn(given.networks, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        location = given.location or str(Path(folder) / "latency.db")
        store = Store(location)
        if not store.devices():
            fill(store, signatures(networks, given.signatures), given.sessions, Random(given.seed))
        p99_ms = report(location, networks)
    sys.exit(f"warm estimates take {p99_ms:.3f} ms at p99" if p99_ms >= LIMIT_MS else 0)


if __name__ == "__main__":
    main()
