"""Claim: some whole networks, measured on a device without a table, predict others with the help of one that has one.

Builds the table of a space on --known, measures random networks of it on --device, and predicts those that were not
among the first few from these: with the known device's table, without it, and by a line through multiply-adds. What is
in the database already is not measured again.

Machine, versions and n are printed with the table; results: docs/results/latency_few_shot.md
Command: python benchmarks/latency/few_shot.py --device local-openvino-1t --location few_shot.db
"""

import argparse
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from draw import drawn
from latency_db.devices.local import local_device
from latency_db.estimating.few_shot import FewShotModel, select_networks
from latency_db.measuring.environment import environment
from latency_db.profiling.build import build_table
from latency_db.profiling.measurer import Measurer
from latency_db.robust_statistics import Values
from latency_db.storing.store import Store
from latency_db.validating.scores import Score, baselines, table
from latency_db.validating.validation import measured_ms
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.spaces import load_space

COUNTS = (5, 10, 20)
AGAIN = 30


def line(macs: Values, ms: Values, rows: list[int]) -> Values:
    """Through the measured networks' multiply-adds, never below half of the fastest."""
    slope, offset = np.polyfit(macs[rows], ms[rows], 1)
    return np.asarray(np.maximum(offset + slope * macs, ms[rows].min() / 2))


def report(measurer: Measurer, known: Measurer, networks: list[Network], truth: Values) -> None:
    """For each number of measured networks, the scores of predictions from the best ones to measure."""
    costs = [network_cost(network) for network in networks]
    macs = np.array([cost.macs for cost in costs], np.float64)
    parts = [list(kernels(network)) for network in networks]
    scores = []
    for count in COUNTS:
        rows = select_networks(parts, [known.estimator.predictor], count)
        rest = np.setdiff1d(np.arange(len(networks)), rows)
        measured = [(parts[row], float(truth[row])) for row in rows]
        for name, predictors in (
            (f"{count} networks, known device", [known.estimator.predictor]),
            (f"{count} networks", []),
        ):
            model = FewShotModel.fit(measured, predictors)
            if model:
                found = model.predict([parts[row] for row in rest])
                scores.append(Score.of_predictions(name, found, truth[rest]))
        scores.append(Score.of(f"{count} networks, line", line(macs, truth, rows)[rest], truth[rest]))
    again = measured_ms(measurer, networks[:AGAIN])
    scores += [
        *baselines([cost.macs for cost in costs], truth),
        Score.of("measured again (ceiling)", again, truth[:AGAIN]),
    ]
    print(table(scores))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", default="local-cpu-1t")
    parser.add_argument("--device", default="local-openvino-1t")
    parser.add_argument("--space", default="mobile")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--budget", type=float, default=120, help="seconds for the known device's table")
    parser.add_argument("--location", help="path of the database; what is in it is not measured again")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        run(given, Store(Path(given.location or Path(folder) / "few_shot.db")))


def run(given: argparse.Namespace, store: Store) -> None:
    known, measurer = (Measurer(store, local_device(name)) for name in (given.known, given.device))
    built = build_table(known, load_space(given.space), budget_s=given.budget)
    networks = drawn(given.space, given.networks, given.seed)
    missing = [network for network in networks if not measurer.estimator.is_measured(network)]
    measured_ms(measurer, missing)
    truth = np.array([measurer.estimator.estimate(network).ms for network in networks])
    print(f"{given.device}: {measurer.device.fingerprint}")
    print(f"now: {environment()}; Python {platform.python_version()}, numpy {np.__version__}")
    calibrating = known.estimator.calibrating()
    print(f"{given.known}: {built.measured} of {built.kernels} kernels, {calibrating} networks calibrate")
    print(f"{len(networks)} networks of {given.space}, seed {given.seed}, {truth.min():.3f}-{truth.max():.3f} ms\n")
    report(measurer, known, networks, truth)


if __name__ == "__main__":
    main()
