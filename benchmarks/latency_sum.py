"""Claim: the sum of a space's kernels says how long its networks take, and above all which is faster.

Draws random networks of a space, measures them end to end side by side, measures their kernels, and compares. Beside
the score of the sum stand those of a straight line through the multiply-adds and of the median as a constant, both
fitted on the very networks they are judged by, and the noise ceiling: a second end-to-end measurement.

Machine, versions and n are printed with the table; results: docs/results/latency_sum.md
Command: python benchmarks/latency_sum.py --space small --networks 30 --seed 1
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from latency_db.device import local_device
from latency_db.environment import environment
from latency_db.estimate import Estimator, Source
from latency_db.fitness import MAX_DRIFT
from latency_db.records import LatencyRecord, Statistic
from latency_db.store import Store
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.spaces import load_space

Values = NDArray[np.float64]

LIMITS = (0.05, 0.10)


def spearman(a: Values, b: Values) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def row(name: str, predicted: Values, truth: Values) -> str:
    error = predicted / truth - 1
    rank = f"{spearman(predicted, truth):.3f}" if np.ptp(predicted) else "-"
    return (
        f"| {name} | {np.mean(np.abs(error)):.1%} | {np.mean(error):+.1%} | {rank} | "
        + " | ".join(f"{np.mean(np.abs(error) <= limit):.0%}" for limit in LIMITS)
        + " |"
    )


def drawn(space: str, count: int, seed: int) -> list[Network]:
    searched, rng = load_space(space), Random(seed)
    networks: dict[Network, None] = {}
    while len(networks) < count:
        networks[searched.sample(rng).architecture.expand()] = None
    return list(networks)


def measured(estimator: Estimator, networks: Sequence[Network]) -> list[LatencyRecord]:
    records = estimator.measure_networks({str(number): network for number, network in enumerate(networks)})
    return [records[str(number)] for number in range(len(networks))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="small")
    parser.add_argument("--networks", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="local-cpu-1t")
    given = parser.parse_args()

    device = local_device(given.device)
    networks = drawn(given.space, given.networks, given.seed)
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "latency.db")
        summing = Estimator(store, device, seed=given.seed)
        kernels = summing.ensure(networks)
        estimates = [summing.estimate(network) for network in networks]
        if any(estimate.source is not Source.SUMMED for estimate in estimates):
            sys.exit("a network was not summed")
        records, again = measured(summing, networks), measured(summing, networks)
        sessions = store.sessions(device, 1000)
    truth = np.array([record.latency_ms for record in records])
    repeated = np.array([record.latency_ms for record in again])
    sums = np.array([estimate.ms for estimate in estimates])
    macs = np.array([float(network_cost(network).macs) for network in networks])
    line = np.polyval(np.polyfit(macs, truth, 1), macs)

    print(f"device {device.name}: {device.fingerprint}")
    print(f"now: {environment()}; statistic: {Statistic.of(device).meaning}")
    print(f"space {given.space}, seed {given.seed}: {len(networks)} networks, {truth.min():.3f}-{truth.max():.3f} ms, ")
    suspect = sum(session.reference_drift > MAX_DRIFT for session in sessions)
    print(f"{kernels} kernels measured; {suspect} of {len(sessions)} sessions drifted by more than {MAX_DRIFT:.0%}\n")
    print("| estimate | mean error | bias | Spearman | within 5 % | within 10 % |\n|---|---|---|---|---|---|")
    print(row("sum of kernels", sums, truth))
    print(row("sum, rescaled to no bias", sums * np.mean(truth / sums), truth))
    print(row("line through multiply-adds (fitted here)", line, truth))
    print(row("median (fitted here)", np.full_like(truth, np.median(truth)), truth))
    print(row("measured again (ceiling)", repeated, truth))


if __name__ == "__main__":
    main()
