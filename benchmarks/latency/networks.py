"""Claim: a table of kernels and 20 calibrating networks predict 99.5 % of random networks to within 10 % and 95 % to
within 5 %, with a mean error of 2 % and a Spearman correlation of 0.997; with half of the table deleted 97 % to within
10 %. 90 % intervals hold 88 to 92 %; of networks that take at most T with 90 % confidence, 95 % do.

Measures the kernels and the networks into a database, in calls of --budget seconds that go on where the last one ended,
and prints the scores when all is there: one measurement, several tables. Networks that judge do not calibrate.

Machine, versions and n are printed with the tables; results: docs/results/latency_networks.md
Command: python benchmarks/latency/networks.py --location networks.db
"""

import argparse
import platform
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter

import numpy as np

from draw import drawn
from latency_db.devices.device import Device
from latency_db.devices.local import local_device
from latency_db.estimating.calibration import Calibration, Predictions
from latency_db.estimating.estimate import Source
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.kernel_table import IndexedNetworks
from latency_db.measuring.environment import environment
from latency_db.measuring.measure import BATCH
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import Kind, LatencyRecord, RecordState, Statistic
from latency_db.records.reference_models import FIXED_KEYS
from latency_db.records.signatures import kernel_signature, kernel_signatures, network_signature
from latency_db.robust_statistics import Values
from latency_db.storing.store import Store
from latency_db.validating.scores import Score, baselines, table
from latency_db.validating.validation import POOL, choose_calibrating, spread
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels

CALIBRATING = 20
DRAWS = 40
SPEED = 100_000
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
NUMBERS = ("mean_error", "bias", "spearman", "within_5", "within_10", "coverage", "width")


def measure(
    store: Store, device: Device, judging: Sequence[Network], pool: Sequence[Network], end: float
) -> list[Network]:
    """Measure until the time is over; returns the networks that calibrate, or exits if some are not measured yet."""
    measure_kernels(store, device, judging, end)
    mine = {
        signature.key for network in judging for kernel in kernels(network) for signature in kernel_signatures(kernel)
    }
    others = set(store.values(device, Kind.KERNEL)) - mine
    with TemporaryDirectory() as folder:
        calibrating = choose_calibrating(
            truncated(Path(folder) / "mine.db", store, device, [], others), pool, CALIBRATING
        )
    measurer = measure_kernels(store, device, calibrating, end)
    waiting = [network for network in [*calibrating, *judging] if not measurer.estimator.is_measured(network)]
    Random(len(waiting)).shuffle(waiting)
    while waiting and monotonic() < end:
        measurer.measure_networks({str(number): network for number, network in enumerate(waiting[: BATCH // 2])})
        waiting = waiting[BATCH // 2 :]
    if waiting:
        sys.exit(f"{len(waiting)} networks are not measured yet: call again")
    return calibrating


def measure_kernels(store: Store, device: Device, networks: Sequence[Network], end: float) -> Measurer:
    """As `nas device measure` does: those again that were measured while the machine was not steady."""
    measurer = Measurer(store, device, seed=int(monotonic()))
    wanted = list(dict.fromkeys(kernel for network in networks for kernel in kernels(network)))
    missing = measurer.estimator.unmeasured(wanted)
    done = measurer.measure_kernels(missing, budget_s=end - monotonic())
    if done < len(missing):
        sys.exit(f"{len(missing) - done} kernels are not measured yet: call again")
    measurer.measure_kernels(measurer.estimator.predictor.suspect_kernels(wanted), budget_s=end - monotonic())
    return measurer


def truth_ms(records: dict[str, LatencyRecord], networks: Sequence[Network]) -> Values:
    return np.array([records[network_signature(network).key].latency_ms for network in networks])


def truncated(path: Path, source: Store, device: Device, kept: Sequence[Network], deleted: set[str]) -> Estimator:
    """An estimator that knows of networks only those in kept, and all kernels but the deleted."""
    store, known = Store(path), {network_signature(network).key for network in kept} | set(FIXED_KEYS)
    store.add(
        [
            record
            for record in source.records(device)
            if record.signature.key not in deleted
            and (record.signature.kind is Kind.KERNEL or record.signature.key in known)
        ]
    )
    return Estimator(store, device)


def deletable(networks: Sequence[Network], share: float, seed: int) -> set[str]:
    """Keys of a random share of the networks' kernels."""
    rng = Random(seed)
    keys = sorted({kernel_signature(kernel).key for network in networks for kernel in kernels(network)})
    return set(rng.sample(keys, round(share * len(keys))))


def within(found: Predictions, truth: Values) -> str:
    """Of networks that take at most T with 90 % confidence, how many do, over some T."""
    rows = ["| at most T, ms | networks returned | of them within T |", "|---|---|---|"]
    for limit in np.quantile(truth, QUANTILES):
        returned = found.high_ms <= limit
        held = np.mean(truth[returned] <= limit) if returned.any() else float("nan")
        rows.append(f"| {limit:.3f} | {returned.sum()} | {held:.1%} |")
    return "\n".join(rows)


def speed(estimator: Estimator, indexed: IndexedNetworks) -> str:
    times = -(-SPEED // len(indexed))
    many = IndexedNetworks(np.tile(indexed.rows, times), np.tile(indexed.counts, times))
    took = []
    for _ in range(5):
        start = perf_counter()
        estimator.predict(many)
        took.append(perf_counter() - start)
    return f"{len(many):,} indexed networks were estimated at {len(many) / np.median(took):,.0f} a second (one process)"


def ceiling(source: Store, device: Device, networks: Sequence[Network]) -> Score:
    """What one session says against what another one does: no estimate can be nearer than that."""
    sessions: dict[str, list[float]] = {network_signature(network).key: [] for network in networks}
    for record in source.records(device):
        if record.signature.kind is Kind.NETWORK and record.signature.key in sessions:
            sessions[record.signature.key].append(record.latency_ms)
    pairs = [(found[0], found[1]) for found in sessions.values() if len(found) > 1]
    return Score.of("measured again (ceiling)", *map(np.array, zip(*pairs, strict=True)))


def redrawn(estimator: Estimator, networks: Sequence[Network], truth: Values, count: int) -> tuple[Score, float]:
    """Means over DRAWS choices of networks that calibrate, among those that judge, of the scores of the rest; and the
    deviation of the coverage.
    """
    predictor, rows = estimator.predictor, np.arange(len(networks))
    sums, fixed_ms = (
        predictor.sums(predictor.index([list(kernels(network)) for network in networks])),
        predictor.fixed_ms,
    )
    scores = []
    for seed in range(DRAWS):
        pool = np.array(Random(seed).sample(range(len(networks)), max(len(networks) // 2, 2 * count)))
        chosen = pool[spread(sums.ms[pool], sums.weights_mb[pool], count)]
        rest = np.setdiff1d(rows, chosen)
        calibration = Calibration.fit(sums.select(chosen), truth[chosen], fixed_ms)
        scores.append(Score.of_predictions("", calibration.predict(sums.select(rest), fixed_ms, 0.0), truth[rest]))
    means = [float(np.mean([getattr(score, field) for score in scores])) for field in NUMBERS]
    name = f"calibrated by {count} of these, mean of {DRAWS} choices"
    return Score(name, *means), float(np.std([score.coverage for score in scores]))


def report(
    source: Store, device: Device, judging: Sequence[Network], calibrating: Sequence[Network], delete: float
) -> None:
    truth = truth_ms(Estimator(source, device).predictor.network_records, judging)
    with TemporaryDirectory() as folder:
        full = truncated(Path(folder) / "full.db", source, device, calibrating, set())
        lost = deletable([*judging, *calibrating], delete, seed=0)
        part = truncated(Path(folder) / "part.db", source, device, calibrating, lost)
        indexed, found = full.index(judging), full.predict(full.index(judging))
        partly = part.predict(part.index(judging))
        counts = [count for count in (CALIBRATING, 5 * CALIBRATING) if 2 * count <= len(judging)]
        redraws = [redrawn(full, judging, truth, count) for count in counts]
        by = full.calibrating()
        print(f"{len(judging)} networks, {truth.min():.3f}-{truth.max():.3f} ms; {by} others calibrate\n")
        scores = [
            Score.of_predictions(f"sum of kernels, calibrated by {by}", found, truth),
            Score.of("sum of kernels", full.predict(indexed, calibrated=False).ms, truth),
            Score.of_predictions(f"calibrated, {delete:.0%} of the kernels deleted", partly, truth),
            Score.of(f"sum, {delete:.0%} deleted", part.predict(part.index(judging), calibrated=False).ms, truth),
            *(score for score, _ in redraws),
            *baselines([network_cost(network).macs for network in judging], truth),
            ceiling(source, device, judging),
        ]
        print(table(scores))
        deviations = ", ".join(f"{deviation:.1%}" for _, deviation in redraws)
        print(f"\nCoverage of single choices deviates from these means by {deviations}.")
        flagged = [e for e in part.estimate_many(judging) if e.source is Source.INTERPOLATED]
        share = np.median([estimate.interpolated for estimate in flagged])
        print(f"{len(lost)} kernels deleted: {len(flagged)} answers flagged as interpolated, by {share:.0%} (median);")
        print(f"{np.sum(partly.ms <= 0)} zeros\n")
        print(f"All kernels measured:\n\n{within(found, truth)}\n\n{delete:.0%} deleted:\n\n{within(partly, truth)}\n")
        print(speed(full, indexed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="mobile")
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--delete", type=float, default=0.5)
    parser.add_argument("--device", default="local-cpu-1t")
    parser.add_argument("--location", help="path of the database; what is in it is not measured again")
    parser.add_argument("--budget", type=float, default=inf, help="seconds of measuring in this call")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        run(given, Store(Path(given.location or Path(folder) / "networks.db")))


def run(given: argparse.Namespace, store: Store) -> None:
    device = local_device(given.device)
    networks = drawn(given.space, given.networks + POOL * CALIBRATING, given.seed)
    judging, pool = networks[: given.networks], networks[given.networks :]
    calibrating = measure(store, device, judging, pool, monotonic() + given.budget)
    print(f"device {device.name}: {device.fingerprint}")
    print(f"now: {environment()}; statistic: {Statistic.of(device).meaning}")
    sessions = store.sessions(device, 10_000)
    suspect = sum(session.state is not RecordState.VALID for session in sessions)
    print(f"Python {platform.python_version()}, numpy {np.__version__}; {suspect} of {len(sessions)} sessions suspect")
    print(f"space {given.space}, seed {given.seed}, ", end="")
    report(store, device, judging, calibrating, given.delete)


if __name__ == "__main__":
    main()
