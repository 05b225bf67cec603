"""Claim: the default of finalists.recipe trains small networks on small sets better than the trials' recipe.

    python benchmarks/finalist_recipe.py              train what --out does not have yet, then print the table
    python benchmarks/finalist_recipe.py --report     only print the table

One network for all sets, about 1.6 M multiply-adds at 32 px; 1,000 training images of each set, drawn by the seed; one
thread; accuracies on at most 2,000 test images, in percent. Every training is appended to the file that --out names, as
one JSON value a line; a later call goes on behind the last. A set that is in no folder of NAS_DATA_DIR is left out, and
named. clothing-96.npz is a set of photos of clothing (CC0), packed as nas.images.archives reads it.
Results: docs/results/finalist_recipe.md
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch

from nas.architecture import Architecture, Stage, Stem
from nas.block import block
from nas.dataset import Dataset, Split, data_dirs, load, split
from nas.errors import DataError
from nas.images.archives import read_packed
from nas.ops import Network
from nas.ops.torch_module import build
from nas.training import Recipe
from nas.training.fit import fit
from nas.training.score import evaluate

TRIAL = Recipe()
ADAMW = Recipe(optimizer="adamw", schedule="cosine", learning_rate=6e-3, weight_decay=0.05, label_smoothing=0.1)
RECIPES = {
    "trials: sgd 0.1, linear": TRIAL,
    "adamw 0.006, cosine, smoothing": ADAMW,
    "adamw, flip": replace(ADAMW, flip=True),
    "adamw, shift 1/8": replace(ADAMW, shift=0.125),
    "adamw, flip, shift 1/8": replace(ADAMW, flip=True, shift=0.125),
    "adamw 0.003, flip, shift 1/8": replace(ADAMW, learning_rate=3e-3, flip=True, shift=0.125),
    "sgd 0.1, cosine, smoothing, flip, shift 1/8": replace(
        TRIAL, schedule="cosine", label_smoothing=0.1, flip=True, shift=0.125
    ),
}
SIDES = {"clothing-96": 32, "eurosat": 32, "cifar10": 32, "fashion_mnist_mini": 28, "mnist": 28}
"""The sets, and the pixels to which the network sees them resized."""
TRAIN_IMAGES, VALIDATION_IMAGES, TEST_IMAGES = 1000, 50, 2000


def images_of(name: str, seed: int) -> Dataset:
    """A set with few training images, drawn by the seed, that may be flipped: what a recipe makes of it is its own."""
    if name == "clothing-96":
        found = [folder / "clothing-96.npz" for folder in data_dirs() if (folder / "clothing-96.npz").exists()]
        if not found:
            raise DataError("clothing-96.npz is in no folder of NAS_DATA_DIR")
        splits = read_packed(found[0])
        classes = [str(number) for number in range(int(splits["train"].labels.max()) + 1)]
        whole = split(name, classes, splits, seed=seed)
        drawn, rest = _drawn(whole.train, TRAIN_IMAGES, seed)
        whole = replace(whole, train=drawn, test=_joined(rest, whole.test))  # its own test images are too few
    else:
        whole = load(name, seed)
    return replace(
        whole,
        train=_drawn(whole.train, TRAIN_IMAGES, seed)[0],
        validation=_drawn(whole.validation, VALIDATION_IMAGES, 0)[0],
        test=_drawn(whole.test, TEST_IMAGES, 0)[0],
        flip=True,
    )


def _drawn(part: Split, count: int, seed: int) -> tuple[Split, Split]:
    """The images that are drawn, and those that are not."""
    order = np.random.default_rng((seed, count)).permutation(len(part))
    return part[np.sort(order[:count])], part[np.sort(order[count:])]


def _joined(a: Split, b: Split) -> Split:
    return Split(np.concatenate([a.images, b.images]), np.concatenate([a.labels, b.labels]))


def network(images: Dataset, side: int) -> Network:
    stages = [("conv", {}, 1, 16, 1), ("mbconv", {"expansion": 3}, 2, 32, 2), ("separable", {"kernel": 5}, 2, 64, 2)]
    return Architecture(
        side,
        images.channels,
        Stem(16),
        tuple(Stage(block[b](**p), n, w, s) for b, p, n, w, s in stages),
        0,
        len(images.classes),
    ).expand()


def trainings(epochs: list[int], seeds: int, sets: list[str], done: set[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for seed, length, name in ((s, e, n) for s in range(seeds) for e in epochs for n in sets):
        wanted = [label for label in RECIPES if (name, label, length, seed) not in done]
        if not wanted:
            continue
        try:
            images = images_of(name, seed)
        except DataError as error:
            print(f"{name} is left out: {error}")
            continue
        for label in wanted:
            yield {"set": name, "recipe": label, "epochs": length, "seed": seed} | _train(images, label, length, seed)


def _train(images: Dataset, label: str, epochs: int, seed: int) -> dict[str, Any]:
    side = SIDES[images.name]
    module, started = build(network(images, side), seed), time.perf_counter()
    recipe = replace(RECIPES[label], epochs=epochs)
    found = fit(module, images, recipe, seed=seed, report=lambda *_: None, resolution=side)
    score = evaluate(module, images.test, images.mean, images.std, side)
    counts = {"train": len(images.train), "test": len(images.test)}
    return {"test_accuracy": score.accuracy, "train_s": found.seconds, "wall_s": time.perf_counter() - started} | counts


def table(rows: list[Mapping[str, Any]], epochs: int) -> str:
    """Mean test accuracy in percent of each recipe on each set, over the seeds that all recipes have there."""
    kept = [row for row in rows if row["epochs"] == epochs]
    sets = [name for name in SIDES if any(row["set"] == name for row in kept)]
    lines = [f"| {epochs} epochs | " + " | ".join(sets) + " | mean |", "|---" * (len(sets) + 2) + "|"]
    seeds = {
        name: set.intersection(
            *({r["seed"] for r in kept if (r["set"], r["recipe"]) == (name, label)} for label in RECIPES)
        )
        for name in sets
    }
    for label in RECIPES:
        means = [
            [100 * r["test_accuracy"] for r in kept if (r["set"], r["recipe"]) == (n, label) and r["seed"] in seeds[n]]
            for n in sets
        ]
        cells = [f"{mean(found):.1f}" if found else "" for found in means]
        every = f"{mean(mean(found) for found in means):.1f}" if all(means) else ""
        lines.append(f"| {label} | " + " | ".join(cells) + f" | {every} |")
    counts = ", ".join(f"{name} {len(found)}" for name, found in seeds.items())
    return "\n".join([*lines, f"Seeds: {counts}."])


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, nargs="+", default=[20, 10])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sets", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("finalist_recipe.jsonl"))
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    done = {(row["set"], row["recipe"], row["epochs"], row["seed"]) for row in rows}
    with given.out.open("a") as out:
        for row in () if given.report else trainings(given.epochs, given.seeds, given.sets, done):
            rows.append(row)
            print(json.dumps(row), file=out, flush=True)
            took = f"{row['wall_s']:.0f} s"
            print(row["set"], row["recipe"], row["epochs"], f"{row['test_accuracy']:.1%}", took, flush=True)
    for epochs in given.epochs:
        print(table(rows, epochs), end="\n\n")


if __name__ == "__main__":
    main()
