"""Claim: how good the front of a search is after 25, 50, 100 and 200 trainings, and its winner at a latency target.

    python benchmarks/searchers.py --problem FILE... --searchers random,evolution:population=16 --evals 200 \
        --seeds 20 --json OUT

Each FILE is a problem file (docs/tabular.md), in which a training costs nothing. A searcher is a name, with parameters
after colons. A training counts once for each distinct network; what the searcher proposes again is free. Each row of
OUT is one seed of one searcher on one problem:

- hypervolume: the normalised one after each number of trainings up to --evals, of a search whose objective is `pareto`,
  and seconds: what that search took on this machine, values of networks included,
- regret: at each target of the file, of a search of its own with the same seed whose objective is `constrained` to that
  target, after 100 trainings, or --evals if that is less. With `--regret-of front` it is that of the search of the
  hypervolume at the same number of trainings instead.

With --workers, trainings take simulated times and end one by one, on so many workers; a number of trainings is the
first that ended. --noise multiplies the noise of observations. Rows that OUT has already are not run again, so a run
that was ended goes on; rows say with which workers, noise and regret they were made where these are not the defaults.
A plot of all rows is written beside OUT as .svg.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.errors import NasError, SpecError
from nas.files import write_whole
from nas.objective import objective
from nas.search.simulation import Outcome, Plan, simulate
from nas.searcher import searcher_of
from nas.tabular.problem import TabularProblem, load_problem
from nas.tabular.scores import BUDGETS
from row_file import Row, RowFile, add_processes, add_row_arguments, machine, parsed, say, seeds_of
from searcher_plots import draw, spread

REGRET_AT = 100
PARETO = {"name": "pareto", "target_latency_ms": 1.0}  # which the objective does not use


@dataclass(frozen=True, slots=True)
class Run:
    """One row that is to be made."""

    file: Path
    problem: str
    searcher: str
    seed: int
    evals: int
    workers: int
    noise: float
    regret_of: str

    @property
    def key(self) -> Row:
        """What tells rows apart; of the settings those that are not the defaults."""
        settings = {"workers": self.workers, "noise": self.noise, "regret_of": self.regret_of}
        defaults = {"workers": 1, "noise": 1.0, "regret_of": "targets"}
        changed = {name: value for name, value in settings.items() if value != defaults[name]}
        return {"problem": self.problem, "searcher": self.searcher, "seed": self.seed} | changed

    @property
    def budgets(self) -> list[int]:
        return [budget for budget in BUDGETS if budget <= self.evals]

    def is_in(self, row: Row) -> bool:
        """Whether the row is this run's, with all its budgets."""
        key = {name: value for name, value in row.items() if name not in {"hypervolume", "regret", "seconds"}}
        return key == self.key and {str(budget) for budget in self.budgets} <= set(row["hypervolume"])


def made(run: Run, problem: TabularProblem) -> Row:
    config = searcher_of(run.searcher)
    settings = {"workers": run.workers, "seed": run.seed, "noise": run.noise}
    begun = time.perf_counter()
    searched = simulate(problem, config, objective.make(PARETO), Plan(trials=run.evals, **settings))
    seconds = time.perf_counter() - begun
    front = Outcome(problem, searched)
    volumes = {str(budget): front.hypervolume(budget) for budget in run.budgets}
    regret, at = {}, min(run.evals, REGRET_AT)
    for name, target in problem.scores.targets.items():
        outcome = front
        if run.regret_of == "targets":
            limited = objective.make({"name": "constrained", "target_latency_ms": target.latency})
            outcome = Outcome(problem, simulate(problem, config, limited, Plan(trials=at, **settings)))
        regret[name] = outcome.regret(name, at)
    return {**run.key, "hypervolume": volumes, "regret": regret, "seconds": round(seconds, 3)}


def work(run: Run) -> Row:
    return made(run, load_problem(run.file))


def cell(values: Sequence[float]) -> str:
    """Median and quartiles."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    low, median, high = spread(values)
    return f"{median:.3f} ({low:.3f}-{high:.3f})"


def label(row: Mapping[str, Any]) -> str:
    """The searcher, and the settings that are not the defaults."""
    settings = (f"{name} {row[name]:g}" if name != "regret_of" else "" for name in ("workers", "noise") if name in row)
    return ", ".join([row["searcher"], *settings])


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of a table in Markdown: medians with quartiles over the seeds."""
    budgets = [str(budget) for budget in BUDGETS if any(str(budget) in row["hypervolume"] for row in rows)]
    targets = list(dict.fromkeys(target for row in rows for target in row["regret"]))
    heads = [f"HV {budget}" for budget in budgets] + [f"regret {target}" for target in targets]
    yield f"| problem | searcher | n | {' | '.join(heads)} | seconds |"
    yield "|---" * (len(heads) + 4) + "|"
    for problem, name in dict.fromkeys((row["problem"], label(row)) for row in rows):
        group = [row for row in rows if (row["problem"], label(row)) == (problem, name)]
        cells = [
            cell([row[part][key] for row in group if key in row[part]] or [float("nan")])
            for part, keys in (("hypervolume", budgets), ("regret", targets))
            for key in keys
        ]
        seconds = statistics.median(row["seconds"] for row in group)
        yield f"| {problem} | {name} | {len(group)} | {' | '.join(cells)} | {seconds:.1f} |"


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", type=Path, nargs="+", action="extend", required=True, metavar="FILE")
    parser.add_argument("--searchers", required=True, help="names, with commas between them")
    parser.add_argument("--evals", type=int, required=True, help="distinct networks that are trained")
    parser.add_argument("--workers", type=int, default=1, help="trainings at a time")
    parser.add_argument("--noise", type=float, default=1.0, help="factor on the noise of observations")
    parser.add_argument("--regret-of", choices=("targets", "front"), default="targets", help="searches for the regrets")
    add_row_arguments(parser)
    add_processes(parser)
    return parsed(parser, given, "evals", "workers")


def main(given: Sequence[str] | None = None) -> None:
    arguments = arguments_of(given)
    searchers = arguments.searchers.split(",")
    for name in searchers:
        searcher_of(name)
    problems = {path: load_problem(path).name for path in arguments.problem}
    if len(set(problems.values())) < len(problems):
        raise SpecError("--problem: two files have the same name, by which rows are told apart; change one")
    file = RowFile(arguments.json, "hypervolume", "regret")
    wanted = [
        Run(path, name, each, seed, arguments.evals, arguments.workers, arguments.noise, arguments.regret_of)
        for path, name in problems.items()
        for each in searchers
        for seed in seeds_of(arguments)
    ]
    missing = [run for run in wanted if not any(run.is_in(row) for row in file.rows)]
    print(f"{len(missing)} of {len(wanted)} rows to make; {machine()}", flush=True)
    for row in file.make(missing, work, arguments.processes):
        say(f"{row['problem']}  {label(row)}  seed {row['seed']}  {row['hypervolume']}")
    for line in table(file.rows):
        print(line)
    write_whole(arguments.json.with_suffix(".svg"), draw(file.rows, label))


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
