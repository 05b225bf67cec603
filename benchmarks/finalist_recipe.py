"""Claim: the default of finalists.recipe trains small networks on small sets better than the trials' recipe.

    python benchmarks/finalist_recipe.py              train what --out does not have yet, then print the table
    python benchmarks/finalist_recipe.py --report     only print the table

One network for all sets, about 1.6 M multiply-adds at 32 px; 1,000 training images of each set, drawn by seed, or as
many as --images says; one thread; accuracies on at most 2,000 test images, in percent. Every training is appended to
the file that --out names, as one JSON value a line; a later call goes on behind the last. A set that is in no folder of
NAS_DATA_DIR is left out, and named. clothing-96.npz is a set of photos of clothing (CC0), packed as nas.images.archives
reads it; what is not trained on of it is tested on.
Results: docs/results/finalist_recipe.md
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import product, starmap
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch

from nas.architecture import Architecture, Stage, Stem
from nas.block import block
from nas.dataset import Dataset, Split, data_dirs, load, split
from nas.errors import DataError
from nas.images.archives import read_packed
from nas.ops import Network
from nas.ops.torch_reading.module import build
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
    "adamw, flip, shift 1/16": replace(ADAMW, flip=True, shift=1 / 16),
    "adamw 0.003, flip, shift 1/8": replace(ADAMW, learning_rate=3e-3, flip=True, shift=0.125),
    "sgd 0.1, cosine, smoothing, flip, shift 1/8": replace(
        TRIAL, schedule="cosine", label_smoothing=0.1, flip=True, shift=0.125
    ),
}
SIDES = {"clothing-96": 32, "eurosat": 32, "cifar10": 32, "fashion_mnist_mini": 28, "mnist": 28}
"""The sets, and the pixels to which the network sees them resized."""
VALIDATION_IMAGES, TEST_IMAGES = 50, 2000


class Case(NamedTuple):
    """One training: on so many images of a set, for so many epochs."""

    seed: int
    images: int
    epochs: int
    set: str
    recipe: str


def images_of(case: Case) -> Dataset:
    """A set with few training images, drawn by the seed, that may be flipped: what a recipe makes of it is its own."""
    name, seed = case.set, case.seed
    if name == "clothing-96":
        found = [folder / "clothing-96.npz" for folder in data_dirs() if (folder / "clothing-96.npz").exists()]
        if not found:
            raise DataError("clothing-96.npz is in no folder of NAS_DATA_DIR")
        splits = read_packed(found[0])
        classes = [str(number) for number in range(int(splits["train"].labels.max()) + 1)]
        whole = split(name, classes, splits, seed=seed)
        drawn, rest = _drawn(whole.train, case.images, seed)
        whole = replace(whole, train=drawn, test=_joined(rest, whole.test))  # its own test images are too few
    else:
        whole = load(name, seed)
    return replace(
        whole,
        train=_drawn(whole.train, case.images, seed)[0],
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


def training(case: Case, images: Dataset) -> dict[str, Any]:
    side = SIDES[case.set]
    module, started = build(network(images, side), case.seed), time.perf_counter()
    recipe = replace(RECIPES[case.recipe], epochs=case.epochs)
    found = fit(module, images, recipe, seed=case.seed, report=lambda *_: None, resolution=side)
    score = evaluate(module, images.test, images.mean, images.std, side)
    took = {"train_s": found.seconds, "wall_s": time.perf_counter() - started}
    return {**case._asdict(), "test": len(images.test), "test_accuracy": score.accuracy, **took}


def table(rows: list[Mapping[str, Any]], images: int, epochs: int) -> str:
    """Mean test accuracy in percent of each recipe on each set, with the number of seeds where it is not 1."""
    kept = [row for row in rows if (row["images"], row["epochs"]) == (images, epochs)]
    sets = [name for name in SIDES if any(row["set"] == name for row in kept)]
    lines = [f"| {images} images, {epochs} epochs | " + " | ".join(sets) + " |", "|---" * (len(sets) + 1) + "|"]
    for label in RECIPES:
        found = [[100 * r["test_accuracy"] for r in kept if (r["set"], r["recipe"]) == (n, label)] for n in sets]
        cells = (f"{mean(f):.1f}{f' ({len(f)})' if len(f) > 1 else ''}" if f else "" for f in found)
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1000, help="training images of each set")
    parser.add_argument("--epochs", type=int, nargs="+", default=[20])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("finalist_recipe.jsonl"))
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    wanted = starmap(Case, product(range(given.seeds), [given.images], given.epochs, given.sets, given.recipes))
    done = {tuple(row[field] for field in Case._fields) for row in rows}
    with given.out.open("a") as out:
        for case in () if given.report else (case for case in wanted if case not in done):
            try:
                row = training(case, images_of(case))
            except DataError as error:
                print(f"{case.set} is left out: {error}")
                continue
            rows.append(row)
            print(json.dumps(row), file=out, flush=True)
            print(*case, f"{row['test_accuracy']:.1%}", f"{row['wall_s']:.0f} s", flush=True)
    for images, epochs in sorted({(row["images"], row["epochs"]) for row in rows}):
        print(table(rows, images, epochs), end="\n\n")


if __name__ == "__main__":
    main()
