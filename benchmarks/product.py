"""Claim: on real training too, `auto` finds better networks at the same number of trials than other searchers.

    python benchmarks/product.py --sets fashion_mnist_mini,eurosat,cifar10 \
        --searchers auto,random,evolution,tpe,nsga2 --trials 48 --seeds 3 --out FOLDER

Whole searches as `nas run` makes them, on this machine: each set in the space `small`, on the device local-cpu-1t,
towards one target for all searchers of a set, the median latency of random members of the space. Trials train for
--epochs on --train-images images, the best one for --final-epochs on all. Data sets are found in NAS_DATA_DIR. Several
of these commands at a time should have a core each (`taskset -c 0 python ...`), as a training takes all that it may.

Each search has a folder of its own in FOLDER, in which it goes on after a kill; rows of ended ones are in
FOLDER/rows.json: test_accuracy and latency_ms (measured) of the finalist, hypervolume of the trials' estimated latency
and validation accuracy up to twice the target, as a fraction of the whole, and seconds.
"""

import argparse
import json
import os
import platform
import re
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from nas.dataset import resolve
from nas.errors import NasError
from nas.files import write_whole
from nas.metric import FRONT, directions
from nas.pareto import hypervolume
from nas.searcher import searcher_of
from nas.spec import parse_spec
from workers.folder_run.console import ConsoleListener
from workers.folder_run.run import run

Row = dict[str, Any]


def spec_of(dataset: str, searcher: str, seed: int, given: argparse.Namespace, target_ms: float | None) -> Row:
    target = {} if target_ms is None else {"target_latency_ms": target_ms}
    return {
        "dataset": resolve(dataset) | ({} if given.size is None else {"size": given.size}),
        "space": given.space,
        "objective": {"name": "constrained", **target},
        "searcher": searcher_of(searcher),
        "evaluator": {"name": "train", "epochs": given.epochs, "train_images": given.train_images},
        "max_trials": given.trials,
        "seed": seed,
        "finalists": {"count": 1, "epochs": given.final_epochs},
        "references": [],
    }


def made(dataset: str, searcher: str, seed: int, given: argparse.Namespace, target_ms: float | None) -> Row:
    """The row of one search, which goes on in its folder if it was begun before."""
    folder = given.out / re.sub(r"\W+", "-", f"{dataset}-{searcher}-{seed}")
    with ConsoleListener(Console(stderr=True)).drawn() as listener:
        record = run(parse_spec(spec_of(dataset, searcher, seed, given, target_ms)), folder, listener)
    end_ms = 2 * record["objective"]["target_latency_ms"]
    done = [trial["metrics"] for trial in record["trials"] if trial["state"] == "succeeded"]
    points = [[metrics[name] for name in FRONT] for metrics in done]
    best = next((finalist["metrics"] for finalist in record["finalists"]), {})
    return {
        **key_of(dataset, searcher, seed, given),
        "target_ms": record["objective"]["target_latency_ms"],
        "test_accuracy": best.get("test_accuracy"),
        "latency_ms": best.get("latency_ms"),
        "hypervolume": hypervolume(points, (end_ms, 0.0), directions(FRONT)) / end_ms,
        "seconds": record["seconds"],
    }


def key_of(dataset: str, searcher: str, seed: int, given: argparse.Namespace) -> Row:
    names = ("space", "size", "trials", "epochs", "train_images", "final_epochs")
    settings = {name: getattr(given, name) for name in names}
    return {"dataset": dataset, "searcher": searcher, "seed": seed, **settings}


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines in Markdown: medians over seeds, with the least and the greatest."""
    yield "| data set | target, ms | searcher | n | test accuracy | hypervolume | minutes |"
    yield "|---|---|---|---|---|---|---|"
    for dataset, searcher in dict.fromkeys((row["dataset"], row["searcher"]) for row in rows):
        group = [row for row in rows if (row["dataset"], row["searcher"]) == (dataset, searcher)]
        tested = [row["test_accuracy"] for row in group if row["test_accuracy"] is not None]
        cells = [
            cell(tested, ".2%") if tested else "none",
            cell([row["hypervolume"] for row in group], ".4f"),
            f"{statistics.median(row['seconds'] for row in group) / 60:.1f}",
        ]
        yield f"| {dataset} | {group[0]['target_ms']:.3g} | {searcher} | {len(group)} | {' | '.join(cells)} |"


def cell(values: Sequence[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sets", default="fashion_mnist_mini,eurosat,cifar10", help="names or folder:PATH, with commas between"
    )
    parser.add_argument("--searchers", default="auto,random,evolution,tpe,nsga2")
    parser.add_argument("--space", default="small")
    parser.add_argument(
        "--size", type=int, help="side that images of folders are scaled to, in pixels; their own by default"
    )
    parser.add_argument("--trials", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--epochs", type=int, default=2, help="of a trial")
    parser.add_argument("--train-images", type=int, default=4000, help="of a trial")
    parser.add_argument("--final-epochs", type=int, default=20, help="of the finalist, on all images")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    return parser.parse_args(given)


def main(arguments: Sequence[str] | None = None) -> None:
    given = arguments_of(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    file = given.out / "rows.json"
    rows: list[Row] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    print(
        f"Python {platform.python_version()}, torch {torch.__version__}, {platform.machine()}, {os.cpu_count()} cores"
    )
    for dataset in given.sets.split(","):
        for seed in range(given.seeds):
            for searcher in given.searchers.split(","):
                if any(key_of(dataset, searcher, seed, given).items() <= row.items() for row in rows):
                    continue
                target_ms = next((row["target_ms"] for row in rows if row["dataset"] == dataset), None)
                rows.append(made(dataset, searcher, seed, given, target_ms))
                write_whole(file, json.dumps(rows, indent=1) + "\n")
    for line in table(rows):
        print(line)


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
