"""Claim: `predictor` finds better fronts if 200 random networks of the space have zero-cost scores.

    python benchmarks/zero_cost_sample.py --problem FILE... --seeds 6 --first 100 --out OUT

FILE is a problem file (docs/tabular.md) with the features naswot and synflow, which the searcher is not told of but for
the random networks. Each seed is searched without and with them, 200 trainings for the front, one worker; rows are
appended to OUT, one JSON value a line, and those that are there are not made again. Printed: the median normalised
hypervolume after 25, 50, 100 and 200 trainings, and of how many seeds it is higher with the scores. Results:
docs/results/zero_cost.md
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from nas.asking.codes import Codes, random_codes
from nas.asking.problem import Known, Scored
from nas.objective import objective
from nas.search.simulation import Outcome, Plan, simulate
from nas.tabular.problem import TabularProblem, load_problem
from nas.trial import Columns

SCORES = ("naswot", "synflow")
AT = (25, 50, 100, 200)
FRONT = {"name": "pareto", "target_latency_ms": 1.0}  # which the objective does not use


@dataclass(frozen=True)
class WithoutScores:
    """An oracle that leaves the scores out."""

    known: Known

    @property
    def digest(self) -> str:
        return self.known.digest

    def __call__(self, codes: Codes) -> Columns:
        return {name: values for name, values in self.known(codes).items() if name not in SCORES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", type=Path, nargs="+", required=True)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    rows = {_key(row): row for row in map(json.loads, lines)}
    problems = [load_problem(path) for path in arguments.problem]
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    wanted = [(p, seed, count) for seed in seeds for p in problems for count in (0, arguments.sample)]
    for problem, seed, count in wanted:
        if (problem.name, seed, count) not in rows:
            row = _searched(problem, seed, count)
            rows[_key(row)] = row
            with arguments.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
    for problem in problems:
        _print(rows, problem.name, seeds, arguments.sample)


def _key(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["problem"], row["seed"], row["sample"]


def _searched(problem: TabularProblem, seed: int, count: int) -> dict[str, Any]:
    scored = _scores(problem, seed, count) if count else None
    hidden = replace(problem, known=WithoutScores(problem.known))
    plan = Plan(trials=AT[-1], seed=seed, scored=scored)
    outcome = Outcome(problem, simulate(hidden, "predictor", objective.make(FRONT), plan))
    volumes = [outcome.hypervolume(trainings) for trainings in AT]
    return {"problem": problem.name, "seed": seed, "sample": count, "hypervolume": volumes}


def _scores(problem: TabularProblem, seed: int, count: int) -> Scored:
    """Those of so many random networks, or fewer where some are the same."""
    codes = np.unique(random_codes(problem.space, count, np.random.default_rng(seed)), axis=0)
    columns = problem.known(codes)
    return Scored(codes, {name: columns[name] for name in SCORES})


def _print(rows: dict[tuple[str, int, int], dict[str, Any]], name: str, seeds: range, count: int) -> None:
    without, with_scores = ([rows[name, seed, sample]["hypervolume"] for seed in seeds] for sample in (0, count))
    for label, found in (("without", without), (f"{count} scored", with_scores)):
        print(f"| {name} | {label} | " + " | ".join(f"{median(at):.3f}" for at in zip(*found, strict=True)) + " |")
    pairs = zip(zip(*without, strict=True), zip(*with_scores, strict=True), strict=True)
    better = [sum(b > a for a, b in zip(one, other, strict=True)) for one, other in pairs]
    print("| | higher in | " + " | ".join(f"{each} of {len(seeds)}" for each in better) + " |")


if __name__ == "__main__":
    main()
