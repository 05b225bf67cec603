"""Claim: the oracle of a search knows sizes and latencies of 100,000 candidates a second on one core, once it is warm.

    python benchmarks/oracle.py
    python benchmarks/oracle.py --spaces mobile --share 0.9

For each space: a made-up table of a share of its kernels and of --networks whole networks, frozen as a search does it;
then --candidates random ones, asked for twice in CPU time: the first time their parts are expanded and kernels read.
--check of them are compared with nas.metric.network_metrics and Estimator.estimate. Exit code 1 if one of them differs
by more than 1e-9 of it, or fewer than 100,000 a second are answered the second time. Machine, load and versions are
printed; results: docs/results/oracle.md
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.freezing import freeze
from latency_db.estimating.oracle import LATENCIES, SpaceOracle
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.records.record import (
    LatencyRecord,
    MeasurementSession,
    Signature,
    Statistic,
)
from latency_db.records.reference_models import EMPTY_KERNEL, EMPTY_NETWORK
from latency_db.records.signatures import kernel_signatures, network_signature
from latency_db.storing.frozen import FrozenLatencies
from latency_db.storing.store import Store
from nas.asking.codes import choices_of, random_codes
from nas.errors import NotMeasuredError
from nas.metric import network_metrics
from nas.ops.cost import network_cost
from nas.ops.notation import read_network
from nas.space import SearchSpace
from nas.spaces import load_space

LIMIT_PER_S = 100_000
TOLERANCE = 1e-9
DEVICE = Device(
    "made-up", "onnxruntime_cpu", "fp32", 1, {"cpu": "none", "runtime": "onnxruntime_cpu", "runtime_version": "1"}
)


def filled(folder: Path, space: SearchSpace, share: float, networks: int) -> Store:
    """A store with made-up latencies of a share of the space's kernels and of random whole networks."""
    store, rng = Store(folder / f"{space.name}.db"), Random(0)
    known = [kernel for kernel in kernel_frequencies(space) if rng.random() < share]
    drawn = [space.sample(rng).architecture.expand() for _ in range(networks)]
    signatures = [signature for kernel in known for signature in kernel_signatures(kernel)]
    signatures += [EMPTY_KERNEL, EMPTY_NETWORK, *map(network_signature, drawn)]
    session = MeasurementSession(DEVICE, datetime(2026, 1, 1, tzinfo=UTC), "made up", {}, 0.002, 0.05, 0.01)
    store.add([record(signature, session, rng) for signature in dict.fromkeys(signatures)])
    return store


def record(signature: Signature, session: MeasurementSession, rng: Random) -> LatencyRecord:
    cost = network_cost(read_network(signature.key))
    ms = (0.005 + cost.macs * 1e-7 + cost.activations * 1e-6) * (1 + 0.02 * rng.random())
    return LatencyRecord(signature, session, Statistic.CPU_P10_BEST, ms, (ms, ms * 1.001, ms * 1.01))


def seconds(call: Callable[[], Any]) -> float:
    start = process_time()
    call()
    return process_time() - start


def alone(space: SearchSpace, estimator: Estimator, choices: Mapping[str, int]) -> dict[str, float]:
    """The columns of one candidate, by its own network; empty if it has none."""
    architecture = space.decode(choices).architecture
    if architecture.refusal():
        return {}
    try:
        found = estimator.estimate(architecture.expand())
    except NotMeasuredError:
        return {}
    latencies = dict(zip(LATENCIES, (found.ms, found.low_ms, found.high_ms), strict=True))
    return {**network_metrics(architecture.expand()), **latencies}


def largest_error(space: SearchSpace, frozen: FrozenLatencies, oracle: SpaceOracle, count: int) -> float:
    """The largest relative difference of a column to that of a candidate alone; infinite if only one of them is NaN."""
    codes = random_codes(space, count, np.random.default_rng(1))
    found, estimator = oracle(codes), Estimator(frozen, frozen.device)
    expected = [alone(space, estimator, choices_of(space, row)) for row in codes]
    worst = 0.0
    for name, column in found.items():
        truth = np.array([each.get(name, nan) for each in expected])
        if not np.array_equal(np.isnan(truth), np.isnan(column)):
            return float("inf")
        worst = max(worst, float(np.nanmax(np.abs(column / truth - 1))))
    return worst


def compare(space: SearchSpace, options: argparse.Namespace) -> bool:
    """Print the row of one space; whether it meets the claim."""
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder), space, options.share, options.networks)
        frozen: list[FrozenLatencies] = []
        freezing_s = seconds(lambda: frozen.append(freeze(store, DEVICE)))
        content = frozen[0].to_file()
    codes = random_codes(space, options.candidates, np.random.default_rng(0))
    oracle = SpaceOracle(space, FrozenLatencies.from_file(content))
    cold_s, warm_s = (seconds(lambda: oracle(codes)) for _ in range(2))
    worst, rate = largest_error(space, frozen[0], oracle, options.check), len(codes) / warm_s
    print(
        f"| {space.name} | {freezing_s:.1f} | {len(content) / 1024:,.0f} | {len(codes) / cold_s:,.0f} | {rate:,.0f} "
        f"| {worst:.1e} |",
        flush=True,
    )
    return rate >= LIMIT_PER_S and worst <= TOLERANCE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spaces", default="small,mobile,mnasnet")
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--share", type=float, default=0.5, help="of the kernels that are measured")
    parser.add_argument("--networks", type=int, default=50, help="that are measured as a whole")
    parser.add_argument("--check", type=int, default=100, help="candidates that are compared one by one")
    options = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load}")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, one thread, CPU time\n")
    print("| space | freezing, s | file, KiB | candidates a second, first time | again | largest error |")
    print("|---|---|---|---|---|---|")
    met = [compare(load_space(name), options) for name in options.spaces.split(",")]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
