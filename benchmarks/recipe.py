"""Claim: the defaults of nas.training.Recipe train small networks well in 2 and in 8 epochs.

    python benchmarks/recipe.py screen    each recipe of SCREEN on each network, 2 epochs
    python benchmarks/recipe.py long      each recipe of LONG on each network, 8 epochs
    python benchmarks/recipe.py ranking   how well trainings of 1 and 2 epochs order random networks as those of 8 do
    python benchmarks/recipe.py full      on the whole of Fashion-MNIST, 8 epochs, test accuracy

One thread; fashion_mnist_mini, 9,000 training and 1,000 validation images, unless said; accuracies in percent.
Every training is appended to the file that --out names, as one JSON value a line. Results: docs/results/recipe.md
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from latency_db.robust_statistics import spearman
from nas.architecture import Architecture, Stage, Stem
from nas.block import block
from nas.dataset import load
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.torch_reading.module import build
from nas.spaces import load_space
from nas.training import Recipe
from nas.training.fit import fit

MINI = "fashion_mnist_mini"

SGD = Recipe(optimizer="sgd", learning_rate=0.1, weight_decay=5e-4)
ADAMW = Recipe(optimizer="adamw", learning_rate=6e-3, weight_decay=0.05)
RMSPROP = Recipe(optimizer="rmsprop", learning_rate=0.01, weight_decay=1e-5)

SCREEN = {
    "shift: sgd 0.1, batch 128": replace(SGD, batch_size=128, shift=0.125, flip=True),
    "shift: sgd 0.1, batch 64": replace(SGD, batch_size=64, shift=0.125, flip=True),
    "shift: sgd 0.05, batch 32": replace(SGD, batch_size=32, learning_rate=0.05, shift=0.125, flip=True),
    "shift: adamw 0.006, batch 128": replace(ADAMW, batch_size=128, shift=0.125, flip=True),
    "shift: adamw 0.003, batch 64": replace(ADAMW, batch_size=64, learning_rate=3e-3, shift=0.125, flip=True),
    "shift: adamw 0.006, batch 64": replace(ADAMW, batch_size=64, shift=0.125, flip=True),
    "shift: adamw 0.003, batch 32": replace(ADAMW, batch_size=32, learning_rate=3e-3, shift=0.125, flip=True),
    "shift: adamw 0.006, batch 32": replace(ADAMW, batch_size=32, shift=0.125, flip=True),
    "shift: adamw 0.006, batch 32, cosine": replace(ADAMW, batch_size=32, schedule="cosine", shift=0.125, flip=True),
    "shift: rmsprop 0.01, batch 64": replace(RMSPROP, batch_size=64, shift=0.125, flip=True),
    "plain: sgd 0.05, batch 32": replace(SGD, batch_size=32, learning_rate=0.05),
    "plain: sgd 0.1, batch 32": replace(SGD, batch_size=32),
    "plain: sgd 0.1, batch 64": replace(SGD, batch_size=64),
    "plain: adamw 0.006, batch 32": replace(ADAMW, batch_size=32),
    "plain: adamw 0.006, batch 64": replace(ADAMW, batch_size=64),
    "plain: adamw 0.012, batch 64": replace(ADAMW, batch_size=64, learning_rate=0.012),
    "plain: sgd 0.2, batch 64": replace(SGD, batch_size=64, learning_rate=0.2),
    "flip: sgd 0.1, batch 64": replace(SGD, batch_size=64, flip=True),
    "flip: sgd 0.1, batch 32": replace(SGD, batch_size=32, flip=True),
    "flip: adamw 0.006, batch 32": replace(ADAMW, batch_size=32, flip=True),
}
LONG = {
    "plain": replace(SGD, batch_size=64),
    "flip": replace(SGD, batch_size=64, flip=True),
    "flip, shift": replace(SGD, batch_size=64, shift=0.125, flip=True),
    "plain, cosine": replace(SGD, batch_size=64, schedule="cosine"),
    "plain, adamw 0.012": replace(ADAMW, batch_size=64, learning_rate=0.012),
    "plain, label smoothing 0.1": replace(SGD, batch_size=64, label_smoothing=0.1),
    "plain, no average": replace(SGD, batch_size=64, ema_decay=None),
}


def networks() -> dict[str, Network]:
    """One network of each block family, and a mix, at 28 px."""
    members: dict[str, list[tuple[str, dict[str, Any], int, int, int]]] = {
        "separable": [("separable", {}, 2, 32, 1), ("separable", {}, 2, 64, 2), ("separable", {}, 2, 128, 2)],
        "mix": [("conv", {}, 1, 32, 1), ("mbconv", {"se": 0.25}, 2, 48, 2), ("separable", {"kernel": 5}, 2, 96, 2)],
        "shuffle": [("shuffle", {"groups": 2}, n, w, s) for n, w, s in ((2, 32, 1), (2, 64, 2), (2, 128, 2))],
        "conv": [("conv", {}, 1, 24, 1), ("conv", {}, 2, 48, 2), ("conv", {}, 1, 96, 2)],
        "mbconv": [("mbconv", {}, 1, 24, 1), ("mbconv", {}, 2, 48, 2), ("mbconv", {}, 1, 96, 2)],
        "fire": [("fire", {"squeeze": 0.25}, n, w, s) for n, w, s in ((2, 32, 1), (2, 64, 2), (2, 128, 2))],
    }
    return {
        name: Architecture(
            28, 1, Stem(16), tuple(Stage(block[b](**p), n, w, s) for b, p, n, w, s in stages), 0, 10
        ).expand()
        for name, stages in members.items()
    }


def trainings(
    recipes: Mapping[str, Recipe], nets: Mapping[str, Network], *, epochs: int, seeds: int, data: str, test: bool
) -> Iterator[dict[str, Any]]:
    """Train everything; one row each, with the accuracy reported after every epoch."""
    images = load(data, 0)
    for (label, recipe), (name, network), seed in (
        (r, n, s) for r in recipes.items() for n in nets.items() for s in range(seeds)
    ):
        reports: list[float] = []
        started = time.perf_counter()
        found = fit(
            build(network, seed),
            images,
            replace(recipe, epochs=epochs),
            seed=seed,
            report=lambda _, metrics, reports=reports: reports.append(metrics["accuracy"]),
            score_on="test" if test else "validation",
        )
        row = {"recipe": label, "network": name, "seed": seed, "epochs": epochs, "accuracy": found.accuracy}
        cost = {"macs": network_cost(network).macs, "train_s": found.seconds, "wall_s": time.perf_counter() - started}
        yield row | cost | {"reports": reports}


def show(row: Mapping[str, Any]) -> None:
    print(
        f"{row['recipe']:40s} {row['network']:10s} {row['macs'] / 1e6:5.2f} M {row['train_s']:6.1f} s  ",
        " ".join(f"{100 * accuracy:.1f}" for accuracy in row["reports"]),
        flush=True,
    )


def ranking(nets: Mapping[str, Network], seeds: int) -> Iterator[dict[str, Any]]:
    """Spearman's correlation of accuracies after short trainings, each with its own annealing, with those after 8."""
    accuracies: dict[int, list[float]] = {1: [], 2: [], 8: []}
    for epochs, found in accuracies.items():
        for row in trainings({"default": Recipe()}, nets, epochs=epochs, seeds=seeds, data=MINI, test=False):
            found.append(row["accuracy"])
            yield row
    for epochs, found in accuracies.items():
        print(f"{epochs} epochs: Spearman {spearman(np.array(found), np.array(accuracies[8])):.2f} with 8 epochs")


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["screen", "long", "ranking", "full"])
    parser.add_argument("--networks", nargs="+")
    parser.add_argument("--recipes", nargs="+", help="only recipes whose label contains one of these")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--samples", type=int, default=10, help="networks that ranking draws from the space small")
    parser.add_argument("--out", type=Path, default=Path("recipe.jsonl"))
    given = parser.parse_args()
    nets = {name: net for name, net in networks().items() if not given.networks or name in given.networks}
    known = SCREEN if given.part == "screen" else LONG
    recipes = {k: r for k, r in known.items() if not given.recipes or any(word in k for word in given.recipes)}
    if given.part == "ranking":
        space, rng = load_space("small").for_images(1, 28, 10), Random(0)
        drawn = {f"small {number}": space.sample(rng).architecture.expand() for number in range(given.samples)}
        rows = ranking(drawn, given.seeds)
    else:
        full = given.part == "full"
        epochs, data = 2 if given.part == "screen" else 8, "fashion_mnist" if full else MINI
        rows = trainings(recipes, nets, epochs=epochs, seeds=given.seeds, data=data, test=full)
    with given.out.open("a") as out:
        for row in rows:
            show(row)
            out.write(json.dumps(row) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
