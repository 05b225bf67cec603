"""Claim: none. How well zero-cost scores, parameters and multiply-adds order networks as their training does.

    python benchmarks/zero_cost.py --networks 24 --epochs 3 --out FILE

Random networks of a space are scored and trained, one thread, and each is appended to FILE as one JSON value a line;
those that are there are not trained again. Printed for each score: Kendall's tau with the validation accuracy and its
95 % interval, the tau among the more accurate half, the partial tau given the multiply-adds, and the seconds that
scoring a network takes. Results: docs/results/zero_cost.md
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import torch

from nas.dataset import Dataset, load
from nas.evaluator import evaluator
from nas.metric import network_metrics
from nas.ops import Network
from nas.ops.notation import read_network, write_network
from nas.spaces import load_space
from nas.statistics.rank_correlation import partial_tau, rank_correlation
from nas.zero_cost import Sample, zero_cost, zero_cost_scores

SIZES = ("params", "macs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fashion_mnist_mini")
    parser.add_argument("--space", default="small")
    parser.add_argument("--networks", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images = load(arguments.dataset, arguments.seed)
    space = load_space(arguments.space).for_images(images.channels, images.side, len(images.classes))
    rng, rows = Random(arguments.seed), _rows(arguments.out)
    drawn = dict.fromkeys(write_network(space.sample(rng).architecture.expand()) for _ in range(arguments.networks))
    for notation in [notation for notation in drawn if notation not in {row["network"] for row in rows}]:
        rows.append(_measured(read_network(notation), images, arguments.epochs, arguments.seed))
        with arguments.out.open("a") as file:
            file.write(json.dumps(rows[-1]) + "\n")
    _print([row for row in rows if row["network"] in drawn])


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _measured(network: Network, images: Dataset, epochs: int, seed: int) -> dict[str, Any]:
    """Scores are computed twice, as the first time also warms up."""
    sample = Sample.of(images, seed)
    row: dict[str, Any] = {"network": write_network(network), "seconds": {}}
    for name in zero_cost:
        zero_cost_scores([network], [name], sample)
        start = time.perf_counter()
        row |= zero_cost_scores([network], [name], sample)[0]
        row["seconds"][name] = time.perf_counter() - start
    start = time.perf_counter()
    trained = evaluator.make({"name": "train", "epochs": epochs}, images, seed).evaluate(network, lambda *_: None)
    row["seconds"]["training"] = time.perf_counter() - start
    return row | {name: network_metrics(network)[name] for name in SIZES} | {"accuracy": trained["accuracy"]}


def _print(rows: Sequence[dict[str, Any]]) -> None:
    best = sorted(rows, key=lambda row: -row["accuracy"])[: (len(rows) + 1) // 2]
    accuracies = sorted(row["accuracy"] for row in rows)
    seconds = median(row["seconds"]["training"] for row in rows)
    print(f"{len(rows)} networks, accuracy {accuracies[0]:.3f} to {accuracies[-1]:.3f}, training {seconds:.0f} s each")
    print("| score | tau | 95 % interval | best half | given macs | s a network |")
    print("|---|---|---|---|---|---|")
    for name in (*SIZES, *zero_cost):
        found, of_best = _tau(rows, name, "accuracy"), _tau(best, name, "accuracy")
        given = "" if name == "macs" else f"{_given_macs(rows, name):.2f}"
        takes = "" if name in SIZES else f"{median(row['seconds'][name] for row in rows):.2f}"
        interval = f"{found.low:.2f} to {found.high:.2f}"
        print(f"| {name} | {found.tau:.2f} | {interval} | {of_best.tau:.2f} | {given} | {takes} |")


def _tau(rows: Sequence[dict[str, Any]], one: str, other: str) -> Any:
    """SystemExit if there are too few networks that have both."""
    both = [(row[one], row[other]) for row in rows if one in row]
    found = rank_correlation(*zip(*both, strict=True)) if both else None
    if found is None:
        raise SystemExit(f"too few networks with {one}: more --networks")
    return found


def _given_macs(rows: Sequence[dict[str, Any]], name: str) -> float:
    pairs = ((name, "accuracy"), (name, "macs"), ("accuracy", "macs"))
    return partial_tau(*(_tau(rows, one, other).tau for one, other in pairs))


if __name__ == "__main__":
    main()
