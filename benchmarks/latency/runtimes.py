"""Claim: which network is best depends on the runtime that runs it: the same networks, one thread, five CPU runtimes.

Random networks of a published space whose accuracies were all measured (NAS-Bench-Macro, arXiv:2103.11922: 8 layers,
each a MobileNetV2 block of kernel 3 and expansion 3, of kernel 5 and expansion 6, or nothing; CIFAR-10, mean of three
trainings) are measured on each runtime. Shown are the rank correlations between the runtimes' latencies, with that of
multiply-adds beside them; the most accurate network within each runtime's own budget, the same quantile of its
latencies; and what it costs to take over another runtime's choice: how far it is over or under the budget, and how many
points of accuracy it gives away against the best network that is as fast on the runtime that runs it.

ACCURACIES is a Parquet file with the columns arch (a digit a layer, as above: 1, 2 and 0), acc_mean (per cent), flops.
Conversions are kept; do them first, as they take longer than the measurement.
Machine, versions and n are printed with the tables; results: docs/results/latency_runtimes.md
Command: for each of convert, measure, compare: python benchmarks/latency/runtimes.py convert ACCURACIES --folder KEPT
"""

import argparse
import json
import time
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from latency_db.devices.local import LocalName, local_device
from latency_db.devices.runtime import FP32, runtime
from latency_db.errors import MeasurementError
from latency_db.measuring.environment import environment
from latency_db.measuring.measure import Effort, check_fit, measure
from latency_db.records.consensus import consensus_records
from latency_db.records.record import RecordState, Statistic
from latency_db.records.signatures import network_model, network_signature
from latency_db.robust_statistics import spearman
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.notation import read_network

Values = NDArray[np.float64]
STAGES = ((64, 2), (128, 3), (256, 3))
"""Width and layers; the first layer of each halves the sides."""

RUNTIMES = ("onnxruntime_cpu", "openvino", "litert", "executorch", "ncnn")
QUANTILES = (0.25, 0.5)
EFFORT = Effort(rounds=4, min_time_s=0.03, min_runs=10, warmup_s=0.02, sessions=2, most_sessions=4)


def network(arch: str) -> Network:
    parts, width, choices = ["conv_32_k3"], 32, iter(arch)
    for out, layers in STAGES:
        for layer in range(layers):
            parts += block(next(choices), width, out, 1 if layer else 2)
            width = out
    return read_network(f"3x32x32: {' '.join(parts)} conv_1280 gap linear_10")


def block(choice: str, width: int, out: int, stride: int) -> list[str]:
    if choice == "0":
        return [] if stride == 1 else [f"conv_{out}_s2_linear"]
    kernel, mid = (3, 3 * width) if choice == "1" else (5, 6 * width)
    step = "_s2" if stride == 2 else ""  # noqa: PLR2004 - a side is halved
    body = f"conv_{mid} conv_{mid}_k{kernel}{step}_g{mid} conv_{out}_linear"
    return [body] if stride > 1 else [f"res({body})"]


def drawn(path: Path, count: int, seed: int) -> list[dict[str, object]]:
    rows = pq.read_table(path, columns=["arch", "acc_mean", "flops"]).to_pylist()
    return Random(seed).sample(rows, count)


def convert(given: argparse.Namespace) -> None:
    models = [network_model(network(str(row["arch"]))) for row in drawn(given.accuracies, given.networks, given.seed)]
    for name in given.runtimes:
        start = time.monotonic()
        for model in models:
            runtime.make(name).export(model)
        print(f"{name}: {len(models)} networks converted in {time.monotonic() - start:.0f} s", flush=True)


def measured(given: argparse.Namespace) -> None:
    networks = {
        str(row["arch"]): network(str(row["arch"])) for row in drawn(given.accuracies, given.networks, given.seed)
    }
    signatures = {arch: network_signature(drawn_network) for arch, drawn_network in networks.items()}
    models = {signatures[arch]: network_model(drawn_network) for arch, drawn_network in networks.items()}
    for name in given.runtimes:
        device = local_device(str(LocalName(name, FP32, 1)))
        check_fit(device)
        start, refused = time.monotonic(), {}
        records = measure(models, device, EFFORT, seed=given.seed, on_refused=refused.__setitem__)
        if refused:
            raise MeasurementError(f"{name} refuses {len(refused)} networks: {next(iter(refused.values()))}")
        stands = consensus_records(records)
        sessions = {record.session.uid: record.session for record in records}.values()
        suspect = sum(stands[s].state is RecordState.SUSPECT for s in signatures.values())
        kept = {
            "name": name,
            "device": dict(device.fingerprint),
            "now": environment(),
            "statistic": Statistic.of(device).meaning,
            "suspect": suspect,
            "sessions": len(sessions),
            "suspect_sessions": [s.reason for s in sessions if s.state is RecordState.SUSPECT],
            "ms": {arch: stands[signature].latency_ms for arch, signature in signatures.items()},
        }
        (given.folder / f"{name}.json").write_text(json.dumps(kept))
        print(f"{name}: {len(networks)} networks in {time.monotonic() - start:.0f} s; {suspect} suspect", flush=True)


def compare(given: argparse.Namespace) -> None:
    kept = [json.loads((given.folder / f"{name}.json").read_text()) for name in given.runtimes]
    rows = drawn(given.accuracies, given.networks, given.seed)
    archs = [str(row["arch"]) for row in rows]
    accuracy = np.array([float(str(row["acc_mean"])) for row in rows])
    macs = np.array([float(network_cost(network(arch)).macs) for arch in archs])
    off = np.abs(macs / np.array([float(str(row["flops"])) for row in rows]) - 1).max()
    ms = {one["name"]: np.array([one["ms"][arch] for arch in archs]) for one in kept}
    print(f"{len(archs)} networks, seed {given.seed}; multiply-adds differ from the table's by {off:.2%} at most")
    for one in kept:
        own, version = ms[one["name"]], one["device"]["runtime_version"]
        print(
            f"- {one['name']} {version}: {own.min():.3f}-{own.max():.3f} ms, median {np.median(own):.3f}; "
            f"{one['suspect']} values suspect; {len(one['suspect_sessions'])} of {one['sessions']} sessions suspect; "
            f"load {one['now']['load_1min']}; {one['statistic']}"
        )
    correlations(ms, macs)
    for quantile in QUANTILES:
        choices(ms, accuracy, archs, quantile)


def correlations(ms: dict[str, Values], macs: Values) -> None:
    columns = ms | {"multiply-adds": macs}
    print(f"\n| Spearman | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, own in ms.items():
        print(f"| {name} | {' | '.join(f'{spearman(own, other):.3f}' for other in columns.values())} |")


def choices(ms: dict[str, Values], accuracy: Values, archs: list[str], quantile: float) -> None:
    budgets = {name: float(np.quantile(own, quantile)) for name, own in ms.items()}
    winners = {name: int(np.argmax(np.where(own <= budgets[name], accuracy, 0))) for name, own in ms.items()}
    print(f"\nBudget: the {quantile:.0%} quantile of each runtime's latencies.\n")
    print("| runtime | budget, ms | winner | its accuracy, % | its latency, ms |\n|---|---|---|---|---|")
    for name, winner in winners.items():
        print(
            f"| {name} | {budgets[name]:.3f} | {archs[winner]} | {accuracy[winner]:.2f} | {ms[name][winner]:.3f} |",
        )
    print(f"\n| winner of (row), run on (column) | {' | '.join(ms)} |\n|---|{'---|' * len(ms)}")
    for chosen, winner in winners.items():
        cells = [cell(ms[name], accuracy, winner, budgets[name]) for name in ms]
        print(f"| {chosen} | {' | '.join(cells)} |")


def cell(own: Values, accuracy: Values, winner: int, budget: float) -> str:
    """How far the winner is over (+) or under the budget, and the accuracy that it gives away at its own latency."""
    best = accuracy[own <= max(own[winner], budget)].max()
    return f"{own[winner] / budget - 1:+.1%}, {best - accuracy[winner]:.2f} points"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("convert", "measure", "compare"))
    parser.add_argument("accuracies", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(), help="of the measurements, a file a runtime")
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=RUNTIMES)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    {"convert": convert, "measure": measured, "compare": compare}[given.do](given)


if __name__ == "__main__":
    main()
