"""Claim: what of the front of a search is reached at a third of its training epochs, with and without a pruner.

    python benchmarks/pruners.py --problem FILE... --searchers random,predictor --pruners asha:first_epochs=3 \
        --trials 100 --epochs 27 --seeds 10 --json OUT
    python benchmarks/pruners.py --data fashion_mnist_mini --searchers random --pruners asha \
        --trials 18 --epochs 9 --seeds 3 --json OUT

The search without a pruner trains --trials networks for --epochs each. A search with a pruner has the same number of
epochs in all, a third of which count for the claim; as trials cost it less, it may have --more times as many.
Only networks that were trained for all epochs count for a front. Each row of OUT is one seed of one searcher:

- whole: the hypervolume after all trials without a pruner, whole_third: after a third of them,
- third: that of the search with the pruner after a third of the epochs, end: at its end,
- reached_at: the share of the epochs after which it is at least that of whole, null if it is not reached.

FILE is a problem file (docs/tabular.md): trainings cost nothing, accuracies are the true ones, and learning curves are
made up (nas.tabular.curves). With --data, networks of the space `small` are trained on --images images of a data set;
multiply-adds in millions take the place of milliseconds, as no device is measured, and accuracies are those of
validation. The hypervolume is that of accuracy beyond 0.5 and below the largest network of the seed's searches,
divided by that of the front of all of them.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nas.asking.problem import Problem
from nas.dataset import dataset
from nas.errors import NasError
from nas.evaluator import Stop, evaluator
from nas.files import write_whole
from nas.objective import objective
from nas.ops.cost import network_cost
from nas.pareto import Better, hypervolume
from nas.pruner import pruner
from nas.registry import plugin_of
from nas.search.journal import MemoryJournal
from nas.search.loop import Search, Steps
from nas.search.simulation import Ended, Outcome, Plan, Simulated, simulate
from nas.searcher import searcher, searcher_of
from nas.space import Candidate
from nas.spaces import load_space
from nas.tabular.problem import TabularProblem, load_problem
from nas.trial import Metrics, State, Trial

PARETO = objective.make({"name": "pareto", "target_latency_ms": 1.0})  # which the objective does not use
BETTER = (Better.HIGHER, Better.LOWER)
WORST_ACCURACY = 0.5

Row = dict[str, Any]
Score = Callable[[int], float]
"""The hypervolume of a search after so many epochs in all."""


@dataclass(frozen=True, slots=True)
class Run:
    searcher: str
    pruner: str
    seed: int
    trials: int
    epochs: int
    more: float

    @property
    def plans(self) -> list[tuple[int, dict[str, Any] | None]]:
        """Trials and pruner of both searches."""
        return [(self.trials, None), (int(self.trials * self.more), plugin_of(pruner, self.pruner))]


def row_of(run: Run, problem: str, whole: Score, pruned: Score, ends: Sequence[int]) -> Row:
    """ends: epochs in all at the ends of the trials with the pruner."""
    budget = run.trials * run.epochs
    best = whole(budget)
    reached = next((end for end in ends if pruned(end) >= best), None)
    return {
        "problem": problem,
        "searcher": run.searcher,
        "pruner": run.pruner,
        "seed": run.seed,
        "whole": best,
        "whole_third": whole(budget // 3),
        "third": pruned(budget // 3),
        "end": pruned(budget),
        "reached_at": None if reached is None or reached > budget else reached / budget,
    }


def simulated_row(run: Run, problem: TabularProblem) -> Row:
    found = []
    for trials, pruning in run.plans:
        plan = Plan(trials, seed=run.seed, epochs=run.epochs)
        found.append(simulate(problem, searcher_of(run.searcher), PARETO, plan, pruning))

    def score(simulated: Simulated) -> Score:
        return lambda epochs: Outcome(problem, simulated, epochs).hypervolume(len(simulated.ended))

    return row_of(run, problem.name, score(found[0]), score(found[1]), ends_of(found[1].ended))


def ends_of(ended: Sequence[Ended]) -> list[int]:
    return [each.epochs for each in ended if each.trial.state is State.SUCCEEDED]


@dataclass
class Trainings:
    """Trains trials at once, in this process. points: epochs in all, accuracy and millions of multiply-adds."""

    evaluator: Any
    folder: Path
    epochs: int = 0
    points: list[tuple[int, float, float]] = field(default_factory=list)

    def known(self, candidate: Candidate) -> Metrics:
        return {"latency_ms": network_cost(candidate.architecture.expand()).macs / 1e6}

    def train_until(self, trial: Trial, epochs: int) -> Future[Metrics]:
        future: Future[Metrics] = Future()
        stop = Stop(epochs, self.folder / str(trial.number))
        network = trial.candidate.architecture.expand()
        try:
            future.set_result(self.evaluator.evaluate_until(network, lambda *_: None, stop))
        except NasError as error:
            future.set_exception(error)
        self.epochs += epochs - trial.rung
        return future

    def ended(self, trial: Trial) -> None:
        if trial.state is State.SUCCEEDED and not trial.reused:
            self.points.append((self.epochs, trial.metrics["accuracy"], trial.metrics["latency_ms"]))


def trained_row(run: Run, name: str, images: int) -> Row:
    data = dataset.make({"name": name}).load(0)
    space = load_space("small").for_images(data.channels, data.side, len(data.classes))
    config = {"name": "train", "epochs": run.epochs, "train_images": images}
    found = []
    for trials, pruning in run.plans:
        with tempfile.TemporaryDirectory() as folder:
            trainings = Trainings(evaluator.make(config, data, run.seed), Path(folder))
            made = searcher.make(searcher_of(run.searcher), Problem(space, PARETO), run.seed)
            stops = None if pruning is None else pruner.make(pruning, PARETO, run.epochs)
            steps = Steps(
                known=trainings.known,
                train=lambda trial, trainings=trainings: trainings.train_until(trial, run.epochs),  # type: ignore[misc]  # a default binds it
                cached_training=lambda _: None,
                store_training=lambda _candidate, _metrics: None,
                report=trainings.ended,
                train_until=trainings.train_until,
            )
            Search(made, PARETO, MemoryJournal(), stops).run(steps, max_trials=trials, parallel=1)
            found.append(trainings)
    score = scores(found)
    return row_of(run, name, score(found[0]), score(found[1]), [epochs for epochs, *_ in found[1].points])


def scores(found: Sequence[Trainings]) -> Callable[[Trainings], Score]:
    every = [point for trainings in found for _, *point in trainings.points]
    corner = (WORST_ACCURACY, 1.001 * max(macs for _, macs in every))
    unit = hypervolume(every, corner, BETTER) or 1.0  # 0 where no network is better than the corner

    def score(trainings: Trainings) -> Score:
        def after(epochs: int) -> float:
            points = [point for end, *point in trainings.points if end <= epochs]
            return hypervolume(points, corner, BETTER) / unit

        return after

    return score


def cell(values: Sequence[float]) -> str:
    """Median, and the least and the most."""
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of a table in Markdown: medians over the seeds, with the least and the most."""
    names = ("whole", "whole_third", "third", "end")
    heads = (
        "problem",
        "searcher",
        "pruner",
        "n",
        "whole",
        "whole, a third",
        "pruned, a third",
        "pruned, end",
        "reached",
    )
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for key in dict.fromkeys((row["problem"], row["searcher"], row["pruner"]) for row in rows):
        group = [row for row in rows if (row["problem"], row["searcher"], row["pruner"]) == key]
        reached = [row["reached_at"] for row in group if row["reached_at"] is not None]
        said = f"{len(reached)} of {len(group)}" + (f", at {statistics.median(reached):.2f}" if reached else "")
        cells = [cell([row[name] for row in group]) for name in names]
        yield f"| {' | '.join(key)} | {len(group)} | {' | '.join(cells)} | {said} |"


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", type=Path, nargs="+", action="extend", default=[], metavar="FILE")
    parser.add_argument("--data", help="a data set to train on")
    parser.add_argument("--images", type=int, default=1000, help="training images of --data")
    parser.add_argument("--searchers", default="random", help="names, with commas between them")
    parser.add_argument("--pruners", default="asha", help="likewise")
    parser.add_argument("--trials", type=int, default=100, help="without a pruner")
    parser.add_argument("--epochs", type=int, default=27, help="of a whole training")
    parser.add_argument("--more", type=float, default=3.0, help="trials with a pruner for one without")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, required=True, metavar="OUT")
    arguments = parser.parse_args(given)
    if not arguments.problem and not arguments.data:
        parser.error("give --problem or --data")
    return arguments


def main(given: Sequence[str] | None = None) -> None:
    arguments = arguments_of(given)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, {os.cpu_count()} cores")
    rows: list[Mapping[str, Any]] = []
    runs = [
        Run(each, stops, seed, arguments.trials, arguments.epochs, arguments.more)
        for each in arguments.searchers.split(",")
        for stops in arguments.pruners.split(",")
        for seed in range(arguments.seeds)
    ]
    for problem in map(load_problem, arguments.problem):
        for run in runs:
            rows.append(simulated_row(run, problem))
            keep(rows, arguments.json)
    for run in runs if arguments.data else []:
        rows.append(trained_row(run, arguments.data, arguments.images))
        keep(rows, arguments.json)
    for line in table(rows):
        print(line)


def keep(rows: Sequence[Row], path: Path) -> None:
    write_whole(path, json.dumps(rows, indent=1) + "\n")
    print(rows[-1], file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
