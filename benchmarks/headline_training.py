"""Trainings of benchmarks/headline.py: each network and seed by one recipe, exported, quantised and tested."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from headline_plan import cut
from nas.dataset import Dataset, load
from nas.errors import CompressionError, DivergedError, OutOfMemoryError
from nas.files import write_whole
from nas.quantization.recipes import DEFAULT_RECIPE
from nas.training import FINALISTS, Recipe
from nas.trial import Report
from row_file import RowFile, in_turn, say
from workers.executing.executor import Executor
from workers.tasks.quantise import quantise
from workers.tasks.train import Final, Setup, finalise

Row = dict[str, Any]

FP32, INT8 = "fp32", "int8"
"""Precisions; rows have the test accuracy in each under its name."""
RATES = {"alexnet": FINALISTS.learning_rate / 10}
"""Learning rates of networks without batch norms, which do not train at the recipe's."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a worker needs for one training. share: of the images. checkpoint: the path of its state."""

    data: str
    share: float
    notation: str
    recipe: Recipe
    seed: int
    threads: int
    checkpoint: str


def recipe_of(curve: str | None, epochs: int) -> Recipe:
    """The one that finalists and references share, but for the learning rates in RATES."""
    return replace(FINALISTS, epochs=epochs, learning_rate=RATES.get(curve or "", FINALISTS.learning_rate))


@lru_cache(maxsize=1)
def _images(data: str, share: float) -> Dataset:
    return cut(load(json.loads(data), 0), share)


def train(training: Training, *, report: Report) -> tuple[Row, dict[str, bytes]]:
    """Metrics, and the .onnx by precision: in floats, and in integers if it can be quantised.

    A later call goes on from the checkpoint.
    """
    started, images = perf_counter(), _images(training.data, training.share)
    setup = Setup(training.data, json.dumps({"name": "train"}), training.seed, training.threads)
    final = Final(training.recipe, training.checkpoint, {"seed": training.seed})
    metrics, floats = finalise(setup, images, training.notation, final, report=report)
    found: Row = {FP32: metrics["test_accuracy"], "train_seconds": metrics["train_seconds"]}
    files = {FP32: floats}
    try:
        of_integers, files[INT8] = quantise(setup, images, floats, DEFAULT_RECIPE, report=report)
        found[INT8] = of_integers["test_accuracy"]
    except CompressionError as error:
        found["note"] = f"no file in integers: {error}"
    return {**found, "wall_seconds": perf_counter() - started}, files


def file_of(folder: Path, label: str, seed: int, precision: str) -> Path:
    return folder / "models" / f"{label.replace(' ', '-')}-{seed}-{precision}.onnx"


def train_all(folder: Path, plan: Row, subjects: Sequence[Row], seeds: Iterable[int], pool: Executor) -> list[Row]:
    """The rows of all trainings in folder/trained.json, once those of the subjects with these seeds are among them.

    subjects: label, notation and curve. A training that fails has a row with its `error`.
    """
    rows = RowFile(folder / "trained.json", "label")
    checkpoints, trainings = folder / "checkpoints", dict[tuple[str, int], Training]()
    checkpoints.mkdir(exist_ok=True)
    (folder / "models").mkdir(exist_ok=True)
    for seed in seeds:
        for subject in subjects:
            if not rows.has({"label": subject["label"], "seed": seed}):
                recipe = recipe_of(subject["curve"], plan["final_epochs"])
                digest = sha256(subject["notation"].encode()).hexdigest()[:16]
                path = checkpoints / f"{digest}-{seed}-{recipe.id}.pt"
                data = json.dumps(plan["data"])
                training = Training(data, plan["share"], subject["notation"], recipe, seed, pool.threads, str(path))
                trainings[subject["label"], seed] = training
    if trainings:
        say(f"{len(trainings)} trainings of {plan['final_epochs']} epochs")
    ended = in_turn(pool, {key: (train, (training,)) for key, training in trainings.items()})
    for row in rows.make(ended, lambda one: _row(folder, *one)):
        say(f"{row['label']}, seed {row['seed']}: {row.get('error') or format(row[FP32], '.2%')}")
    for training in trainings.values():
        Path(training.checkpoint).unlink(missing_ok=True)
    return rows.rows


def _row(folder: Path, key: tuple[str, int], future: Future[Any]) -> Row:
    """The row of a training that has ended; its files are written first. key: label and seed."""
    label, seed = key
    try:
        found, files = future.result()
    except (DivergedError, OutOfMemoryError) as error:
        return {"label": label, "seed": seed, "error": str(error)}
    for precision, content in files.items():
        write_whole(file_of(folder, label, seed, precision), content)
    return {"label": label, "seed": seed, **found}


def accuracies(rows: Iterable[Row], precision: str) -> Mapping[str, list[float]]:
    """By label, those of all seeds."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if precision in row:
            found.setdefault(row["label"], []).append(row[precision])
    return found


def around(subjects: Sequence[Row], rows: Iterable[Row]) -> Iterator[str]:
    """Labels of the finalists, and of the networks of MobileNetV2 next above and below each in test accuracy."""
    found = {label: values[0] for label, values in accuracies(rows, FP32).items()}
    trained = [row for row in subjects if row["label"] in found]
    curve = sorted((found[row["label"]], row["label"]) for row in trained if row["curve"] == "mobilenetv2")
    for label in (row["label"] for row in trained if row["curve"] is None):
        above = [each for accuracy, each in curve if accuracy >= found[label]]
        below = [each for accuracy, each in curve if accuracy < found[label]]
        yield from (label, *above[:1], *below[-1:])
