"""Claim: Muon makes short trainings of small networks more accurate; no part is known to make them better forecasts.

    python benchmarks/recipe_parts.py              train what --out does not have yet, then print the tables
    python benchmarks/recipe_parts.py --report     only print the tables

Networks are drawn from the space `small` by seed 0. Each is trained on both sets: for LONG_EPOCHS epochs by the recipe
of finalists, which gives the accuracy that is to be forecast, and for 2 epochs by each recipe of PARTS. 3,000 training
images drawn by the seed, at SIDE pixels; short trainings are scored on 1,000 validation images, long ones on 2,000 test
images. One thread. A part pays if it raises the mean accuracy and Kendall's tau with the long training on both sets.
Every training is appended to the file that --out names, as one JSON value a line; a later call goes on behind the last.
40 networks take about an hour of a core; --recipes leaves some out.
Results: docs/results/recipe.md
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import t

from nas.dataset import Dataset, Split, load
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.spaces import load_space
from nas.statistics.rank_correlation import rank_correlation
from nas.training import FINALISTS, Recipe
from nas.training.fit import fit
from nas.training.initial import untrained
from nas.training.score import evaluate

SETS = ("fashion_mnist_mini", "cifar10")
TRAIN_IMAGES, VALIDATION_IMAGES, TEST_IMAGES = 3000, 1000, 2000
SIDE = 16
LONG, LONG_EPOCHS = "long", 8
BASE = Recipe(epochs=2)
RESAMPLES = 400
BASELINE = "trials' recipe"
PARTS = {
    BASELINE: BASE,
    "label smoothing 0.1": replace(BASE, label_smoothing=0.1),
    "label smoothing 0.2": replace(BASE, label_smoothing=0.2),
    "lookahead 5": replace(BASE, lookahead=5),
    "batch-norm bias rate x 16": replace(BASE, norm_bias_rate=16),
    "batch-norm bias rate x 64": replace(BASE, norm_bias_rate=64),
    "muon 0.1": replace(BASE, optimizer="muon"),
    "muon 0.03": replace(BASE, optimizer="muon", learning_rate=0.03),
    "flip": replace(BASE, flip=True),
    "flip, alternating": replace(BASE, flip=True, alternating_flip=True),
    "first epoch at 3/4 of the side": replace(BASE, first_resolution=0.75),
    "first epoch at 1/2 of the side": replace(BASE, first_resolution=0.5),
    "whitened first filters, frozen": replace(BASE, whitened=True),
}


class Case(NamedTuple):
    """One training: of the network of that number, by the recipe of that label, on a set."""

    network: int
    set: str
    recipe: str


def images(name: str) -> Dataset:
    """A set with few images, drawn by seed 0."""
    whole = load(name, 0)
    return replace(
        whole,
        train=_drawn(whole.train, TRAIN_IMAGES),
        validation=_drawn(whole.validation, VALIDATION_IMAGES),
        test=_drawn(whole.test, TEST_IMAGES),
        flip=True,
    )


def _drawn(part: Split, count: int) -> Split:
    return part[np.sort(np.random.default_rng((0, count)).permutation(len(part))[:count])]


def networks(dataset: Dataset, count: int) -> list[Network]:
    space = load_space("small").for_images(dataset.channels, SIDE, len(dataset.classes))
    rng = Random(0)
    return [space.sample(rng).architecture.expand() for _ in range(count)]


def training(case: Case, network: Network, dataset: Dataset) -> dict[str, Any]:
    recipe = replace(FINALISTS, epochs=LONG_EPOCHS) if case.recipe == LONG else PARTS[case.recipe]
    module = untrained(network, dataset, recipe, 0)
    cpu, wall = time.process_time(), time.perf_counter()
    found = fit(module, dataset, recipe, seed=0, report=lambda *_: None, resolution=SIDE)
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    accuracy = found.accuracy
    if case.recipe == LONG:
        accuracy = evaluate(module, dataset.test, dataset.mean, dataset.std, SIDE).accuracy
    return {**case._asdict(), "accuracy": accuracy, "macs": network_cost(network).macs, **spent}


def table(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """Of one set: accuracy in percent, and how well each recipe orders the networks as the long training does.

    n: networks that have been trained by that recipe and the baseline, over which the difference of accuracies is, and
    those of them that have been trained for long too, over which tau is.
    """
    found = {(row["network"], row["recipe"]): row for row in rows if row["set"] == name}
    lines = [f"| {name} | n | accuracy | difference | tau | difference | CPU time |", "|---" * 7 + "|"]
    for label in PARTS:
        both = [n for n, each in found if each == label and (n, BASELINE) in found]
        gains = [100 * (found[n, label]["accuracy"] - found[n, BASELINE]["accuracy"]) for n in both]
        if len(gains) < 2:  # noqa: PLR2004 - without two there is no spread
            continue
        judged = [n for n in both if (n, LONG) in found]
        scores, base, long = ([found[n, each]["accuracy"] for n in judged] for each in (label, BASELINE, LONG))
        half = t.ppf(0.975, len(gains) - 1) * stdev(gains) / len(gains) ** 0.5
        gain = f"{fmean(gains):+.1f} ± {half:.1f}" if label != BASELINE else ""
        order = tau_gain(scores, base, long) if label != BASELINE else ""
        spent, usual = (sum(found[n, each]["cpu_s"] for n in both) for each in (label, BASELINE))
        mean = 100 * fmean(found[n, label]["accuracy"] for n in both)
        count = f"{len(both)}, {len(judged)}"
        cells = (label, count, f"{mean:.1f}", gain, tau(scores, long), order, f"{spent / usual:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    macs, long = ([row[value] for (_, each), row in found.items() if each == LONG] for value in ("macs", "accuracy"))
    lines.append(f"| multiply-adds | {len(long)} | | | {tau(macs, long)} | | |")
    return "\n".join(lines)


def tau(scores: Sequence[float], long: Sequence[float]) -> str:
    found = rank_correlation(scores, long)
    return f"{found.tau:.2f} ({found.low:.2f} to {found.high:.2f})" if found else ""


def tau_gain(scores: Sequence[float], base: Sequence[float], long: Sequence[float]) -> str:
    """By how much tau is above the baseline's, with the 95 % interval over networks drawn with replacement."""
    rng, gains = np.random.default_rng(0), []
    for drawn in [np.arange(len(long)), *rng.integers(len(long), size=(RESAMPLES, len(long)))]:
        one, other, truth = (np.array(values)[drawn].tolist() for values in (scores, base, long))
        taus = [rank_correlation(values, truth) for values in (one, other)]
        if taus[0] and taus[1]:
            gains.append(taus[0].tau - taus[1].tau)
    if not gains:
        return ""
    low, high = np.percentile(gains[1:], [2.5, 97.5])
    return f"{gains[0]:+.2f} ({low:+.2f} to {high:+.2f})"


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", type=int, default=24)
    parser.add_argument("--recipes", nargs="+", choices=[LONG, *PARTS], default=[LONG, *PARTS])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("recipe_parts.jsonl"))
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    wanted = [Case(*fields) for fields in product(range(given.networks), given.sets, given.recipes)]
    done = {tuple(row[field] for field in Case._fields) for row in rows}
    if not given.report:
        sets = {name: images(name) for name in given.sets}
        drawn = {name: networks(dataset, given.networks) for name, dataset in sets.items()}
        with given.out.open("a") as out:
            for case in (case for case in wanted if case not in done):
                row = training(case, drawn[case.set][case.network], sets[case.set])
                rows.append(row)
                print(json.dumps(row), file=out, flush=True)
                print(*case, f"{row['accuracy']:.1%}", f"{row['cpu_s']:.1f} s", flush=True)
    print(*(table(rows, name) for name in SETS), sep="\n\n")


if __name__ == "__main__":
    main()
