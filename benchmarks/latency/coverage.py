"""Claim: of networks that another harness measures, 88 to 92 of 100 are within the 90 % intervals of their estimates,
with 17 calibrating networks.

Measures the kernels of random networks, and calibrating networks, into a database as `nas latency validate` does; then
the random networks by a harness that shares no code with the product's: ONNX Runtime called directly, the 10th
percentile of the thread's CPU time in a round, in the best of 8 rounds, interleaved over blocks of networks.

Machine, versions and n are printed with the table; results: docs/results/latency_coverage.md
Command: python benchmarks/latency/coverage.py --location coverage.db --harness harness.json
"""

import argparse
import json
import platform
from collections.abc import Sequence
from math import inf
from pathlib import Path
from random import Random
from time import monotonic, perf_counter, thread_time_ns

import numpy as np
import onnxruntime as ort

from draw import drawn
from latency_db.devices.local import local_device
from latency_db.estimating.calibration import Calibration
from latency_db.estimating.estimator import Estimator
from latency_db.measuring.environment import environment
from latency_db.profiling.measurer import Measurer
from latency_db.records.signatures import network_model
from latency_db.robust_statistics import Values
from latency_db.storing.store import Store
from latency_db.validating.scores import Score, table
from latency_db.validating.validation import POOL, choose_calibrating
from nas.ops import Network
from nas.ops.kernels import kernels
from nas.ops.notation import write_network

ROUNDS = 8
ROUND_S = 0.05
MIN_RUNS = 20
BLOCK = 20
CHOICES = 200


def harness_ms(networks: Sequence[Network]) -> Values:
    """Milliseconds of networks by a harness that shares no code with the product's, [networks]."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    loaded = []
    for network in networks:
        session = ort.InferenceSession(network_model(network), options, providers=["CPUExecutionProvider"])
        image = np.random.default_rng(0).standard_normal((1, *network.input), np.float32)
        loaded.append((session, {session.get_inputs()[0].name: image}))
    rounds = np.full((ROUNDS, len(networks)), inf)
    order = Random(0)
    for number in range(ROUNDS):
        for place in order.sample(range(len(networks)), len(networks)):
            session, feed = loaded[place]
            session.run(None, feed)
            times: list[int] = []
            end = perf_counter() + ROUND_S
            while perf_counter() < end or len(times) < MIN_RUNS:
                start = thread_time_ns()
                session.run(None, feed)
                times.append(thread_time_ns() - start)
            rounds[number, place] = np.quantile(times, 0.1) / 1e6
    return np.asarray(rounds.min(axis=0))


def measured_ms(networks: Sequence[Network], file: Path, budget_end: float) -> Values | None:
    """The harness's latencies, kept in a file; None if the time was over before all were measured."""
    known: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
    keys = [write_network(network) for network in networks]
    for first in range(0, len(networks), BLOCK):
        block = [network for network in networks[first : first + BLOCK] if write_network(network) not in known]
        if block and monotonic() > budget_end:
            return None
        if block:
            known |= dict(zip(map(write_network, block), harness_ms(block).tolist(), strict=True))
            file.write_text(json.dumps(known))
    return np.array([known[key] for key in keys])


def measured_kernels(
    store: Store, given: argparse.Namespace, judging: Sequence[Network], pool: Sequence[Network], end: float
) -> Estimator | None:
    """An estimator with the kernels of the judging networks and with calibrating ones; None if the time was over."""
    measurer = Measurer(store, local_device(given.device), seed=int(monotonic()))
    estimator = measurer.estimator
    missing = estimator.unmeasured(kernel for network in judging for kernel in kernels(network))
    if measurer.measure_kernels(missing, budget_s=end - monotonic()) < len(missing):
        return None
    if not estimator.predictor.measured_networks():
        chosen = choose_calibrating(estimator, pool, given.calibrate)
        measurer.ensure(chosen)
        measurer.measure_networks({str(number): network for number, network in enumerate(chosen)})
    return estimator


def report(estimator: Estimator, judging: Sequence[Network], truth: Values, given: argparse.Namespace) -> None:
    indexed = estimator.index(judging)
    found = estimator.predict(indexed)
    scores = [Score.of_predictions(f"calibrated by {estimator.calibrating()}", found, truth)]
    predictor = estimator.predictor
    sums, fixed_ms = predictor.sums(predictor.index([list(kernels(n)) for n in judging])), predictor.fixed_ms
    covered, widths, rng = [], [], np.random.default_rng(given.seed)
    for _ in range(CHOICES):
        chosen = rng.permutation(len(truth))
        mine, rest = chosen[: given.calibrate], chosen[given.calibrate :]
        other = Calibration.fit(sums.select(mine), truth[mine], fixed_ms).predict(sums.select(rest), fixed_ms, 0.0)
        score = Score.of_predictions("", other, truth[rest])
        covered.append(score.coverage)
        widths.append(score.width)
    print(table(scores))
    print(
        f"\n{CHOICES} random choices of {given.calibrate} of these: coverage {np.mean(covered):.1%} (deviation "
        f"{np.std(covered):.1%}), width {np.mean(widths):.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="small")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--calibrate", type=int, default=17)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--device", default="local-cpu-1t")
    parser.add_argument("--location", required=True, help="path of the database; what is in it is not measured again")
    parser.add_argument("--harness", required=True, help="file of the harness's latencies")
    parser.add_argument("--budget", type=float, default=inf, help="seconds of measuring in this call")
    given = parser.parse_args()
    end = monotonic() + given.budget
    networks = drawn(given.space, given.networks + POOL * given.calibrate, given.seed)
    judging, pool = networks[: given.networks], networks[given.networks :]
    estimator = measured_kernels(Store(Path(given.location)), given, judging, pool, end)
    truth = measured_ms(judging, Path(given.harness), end) if estimator else None
    if estimator is None or truth is None:
        print("not all is measured yet: call again")
        return
    print(f"device {given.device}: {estimator.device.fingerprint}\nnow: {environment()}")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, ONNX Runtime {ort.__version__}")
    print(f"space {given.space}, seed {given.seed}: {len(truth)} networks, {truth.min():.3f}-{truth.max():.3f} ms\n")
    report(estimator, judging, truth, given)


if __name__ == "__main__":
    main()
