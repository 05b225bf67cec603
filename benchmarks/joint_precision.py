"""Claim: a search over architecture and precision together finds better trade-offs of accuracy and bytes than a search
over architectures in floats, followed by 8-bit integers everywhere.

    python benchmarks/joint_precision.py --out DIR                  4 budgets, 3 seeds, 48 trials each; some hours
    python benchmarks/joint_precision.py --out DIR --trials 8 --train-images 2000 --epochs 1 --final-epochs 2

For each seed and each budget of bytes, two searches by evolution with equal numbers of trials, images and epochs:

- `joint` chooses precision and density of the weights of each stage beside its architecture; a trial is the compressed
  file, which must keep the budget.
- `then_int8` chooses architectures alone, trained in floats, whose file with 8-bit weights in all stages is expected to
  keep the budget.

The best trial of each is trained for longer by the recipe of finalists (that of `then_int8` with 8-bit weights from the
start), and its file is tested once on the test images: the points are its test accuracy and its bytes. Hypervolume is
that of a search's points over all budgets, from the accuracy of guessing and twice the largest budget. Latency is not
limited: weights of few bits run as floats. The same command goes on after a kill, from the last trial or the last
epoch. DIR/results.json has the points. Results: docs/results/joint_precision.md
"""

import argparse
import json
import os
import platform
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch

from nas.architecture import Architecture
from nas.asking.problem import Problem
from nas.compressing.files import unpacked
from nas.compression.bench import Bench
from nas.compression.coded_training import file_score, train_coded
from nas.dataset import Dataset, load
from nas.errors import NasError
from nas.evaluator import Evaluator, evaluator
from nas.export import accuracy
from nas.files import write_whole
from nas.metric import network_metrics
from nas.objective import objective
from nas.pareto import Better, hypervolume
from nas.search.journal import FileJournal
from nas.search.loop import Search, Steps
from nas.searcher import searcher
from nas.space import Candidate, SearchSpace
from nas.spaces import load_space
from nas.training import FINALISTS
from nas.trial import Metrics, State, Trial

METHODS = ("joint", "then_int8")
BUDGETS = (4_000, 8_000, 16_000, 32_000)
BETTER = (Better.HIGHER, Better.LOWER)
NO_LATENCY = 1.0
"""Of every network, which is also the target: bytes are the budget."""


def space_of(method: str) -> SearchSpace:
    decided = {"precision": ["int8", "int4", "ternary", "binary"], "density": [1.0, 0.25]} if method == "joint" else {}
    blocks = [{"mbconv": {"expansion": [2, 4], "kernel": [3, 5], "skip": "identity"}}, {"conv": {"kernel": 3}}]
    stages = [
        {"blocks": blocks, "layers": [0, 1], "width": [8, 16, 24], "stride": 1, **decided},
        {"blocks": blocks, "layers": [1, 2], "width": [16, 24, 32, 48], "stride": 2, **decided},
        {"blocks": blocks, "layers": [0, 1, 2], "width": [24, 32, 64, 96], "stride": 2, **decided},
    ]
    stem = {"width": 8, "kernel": 3, "stride": 2}
    return load_space({"name": method, "resolution": 28, "channels": 1, "classes": 10, "stem": stem, "stages": stages})


def shipped(method: str, architecture: Architecture) -> Architecture:
    """The architecture with the precisions of its file."""
    if method == "joint":
        return architecture
    stages = tuple(replace(stage, precision="int8") for stage in architecture.stages)
    return replace(architecture, stages=stages)


class Runs:
    """The searches of one seed, which share what is trained."""

    def __init__(self, seed: int, images: Dataset, options: argparse.Namespace) -> None:
        self.seed, self.images, self.options = seed, images, options
        self.folder: Path = options.out / str(seed)
        self.evaluator: Evaluator = evaluator.make(
            {"name": "train", "epochs": options.epochs, "train_images": options.train_images, "device": options.device},
            images,
            seed,
        )

    def point(self, method: str, budget: int) -> dict[str, Any]:
        """Test accuracy and bytes of the file that a search within the budget ends with."""
        aim = objective.make({"name": "constrained", "target_latency_ms": NO_LATENCY, "max_size_bytes": budget})
        space = space_of(method)
        made = searcher.make({"name": "evolution", "population": 16}, Problem(space, aim), self.seed)
        search = Search(made, aim, FileJournal(self.folder / f"{method}-{budget}.jsonl"))
        steps = Steps(
            known=lambda candidate: self._known(method, candidate),
            train=lambda trial: self._trained(method, trial),
            cached_training=lambda _: None,
            store_training=lambda *_: None,
            report=lambda _: None,
        )
        trials = search.run(steps, max_trials=self.options.trials, parallel=1)
        done = [trial for trial in trials if trial.state is State.SUCCEEDED]
        best = max(done, key=lambda trial: trial.reward or 0.0)
        found = self._final(shipped(method, best.candidate.architecture))
        about = {"seed": self.seed, "method": method, "budget": budget, "trials": len(done)}
        return {**about, "trial_accuracy": best.metrics["accuracy"], **found}

    def _known(self, method: str, candidate: Candidate) -> Metrics:
        sizes = network_metrics(shipped(method, candidate.architecture).expand())
        return {**sizes, "latency_ms": NO_LATENCY}

    def _trained(self, method: str, trial: Trial) -> Future[Metrics]:
        """The result of the evaluator, kept under the network; the budget of floats is that of their 8-bit file."""
        network, future = trial.candidate.architecture, Future[Metrics]()
        kept = self.folder / "trainings" / f"{network.network_id}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(kept, json.dumps(dict(self.evaluator.evaluate(network.expand(), lambda *_: None))))
        metrics = json.loads(kept.read_text())
        print(f"seed {self.seed} {method} trial {trial.number}: {metrics['accuracy']:.3f}", flush=True)
        future.set_result(metrics)
        return future

    def _final(self, architecture: Architecture) -> dict[str, Any]:
        """The network trained as finalists are, and its file tested."""
        network = architecture.expand()
        kept = self.folder / "finals" / f"{architecture.network_id}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            recipe = replace(FINALISTS, epochs=self.options.final_epochs)
            checkpoint = kept.with_suffix(".pt")
            bench = Bench(self.images, self.seed, lambda *_: None, checkpoint, self.evaluator.device)
            file, score = file_score(train_coded(network, recipe, bench)[0], self.images)
            found = {
                "validation_accuracy": score.accuracy,
                "test_accuracy": accuracy(unpacked(file), self.images, network),
                "size_bytes": len(file),
                "expected_bytes": network_metrics(network)["size_bytes"],
                "stages": architecture.to_dict()["stages"],
            }
            write_whole(kept, json.dumps(found))
            checkpoint.unlink(missing_ok=True)
        result: dict[str, Any] = json.loads(kept.read_text())
        return result


def volumes(rows: list[dict[str, Any]], seed: int, chance: float) -> dict[str, float]:
    """Hypervolume of the points of each method, in accuracy times twice the largest budget."""
    most = 2 * max(row["budget"] for row in rows)
    found = {}
    for method in METHODS:
        mine = [row for row in rows if (row["method"], row["seed"]) == (method, seed)]
        points = [(row["test_accuracy"], row["size_bytes"] / most) for row in mine]
        found[method] = hypervolume(points, (chance, 1.0), BETTER)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", default="fashion_mnist_mini")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--trials", type=int, default=48)
    parser.add_argument("--train-images", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=2, help="of a trial")
    parser.add_argument("--final-epochs", type=int, default=20)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    rows: list[dict[str, Any]] = []
    for seed in range(options.seeds):
        images = load(options.data, seed)
        runs = Runs(seed, images, options)
        for budget in options.budgets:
            for method in METHODS:
                try:
                    rows.append(runs.point(method, budget))
                except NasError as error:
                    raise SystemExit(f"{method}, {budget} bytes, seed {seed}: {error}") from None
                write_whole(options.out / "results.json", json.dumps(rows, indent=1))
                last = {name: value for name, value in rows[-1].items() if name != "stages"}
                print(json.dumps(last), flush=True)
        print(f"seed {seed}: hypervolume {volumes(rows, seed, 1 / len(images.classes))}", flush=True)
    gains = []
    for seed in range(options.seeds):
        found = volumes(rows, seed, 1 / len(images.classes))
        gains.append(found["joint"] / found["then_int8"] - 1)
    print(f"joint over then_int8: {mean(gains):+.1%} hypervolume, by seed {[f'{gain:+.1%}' for gain in gains]}")
    print(f"torch {torch.__version__}, numpy {np.__version__}, {platform.processor()}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
