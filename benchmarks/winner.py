"""Claim: a winner chosen by posterior mean is better than the luckiest score, and its value is what it promises.

    python benchmarks/winner.py --problem FILE... --searchers random,predictor --evals 100 --seeds 20 --json OUT

Each FILE is a problem file (docs/tabular.md) with gaussian observations; the objective is `constrained` to its median
latency. A search of --evals trainings has its winner chosen by several rules:

- luckiest: the best observed accuracy; luckiest+: that of a search that spends the repeats' trainings on more trials,
- posterior: the posterior mean of nas.winner without repeats; posterior+: that of the longer search,
- average: of the --candidates best by posterior mean, each trained --repeats times again, the best average,
- repeated: the posterior mean with these repeats, as `finalists.repeats` of a spec chooses.

Each row of OUT is one seed of one searcher on one problem: `regret` of each rule in accuracy points; `excess`, by how
many points the value that the rule reports is above the truth; `held`, the share of the repeated candidates whose 95 %
interval holds the truth. Rows that OUT has already are not run again.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nas.asking.codes import encode
from nas.asking.problem import Problem
from nas.errors import NasError, SpecError
from nas.objective import Objective, objective
from nas.search.simulation import Plan, simulate
from nas.searcher import searcher_of
from nas.tabular.problem import TabularProblem, load_problem
from nas.tabular.scores import POINTS
from nas.trial import Trial
from nas.winner.choice import by_reward, candidates, ranking
from row_file import Row, RowFile, add_row_arguments, machine, parsed, say, seeds_of

TARGET = "50"
REPEAT_SEEDS = 1_000_000
"""The seeds of repeats are this many above those of searches, and above each other's by the number of the repeat."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a row depends on, beside the file."""

    problem: str
    searcher: str
    seed: int
    evals: int
    noise: float
    candidates: int
    repeats: int


class Judged:
    """A problem with its truth: accuracies and regrets in points, and further trainings."""

    def __init__(self, problem: TabularProblem, settings: Settings) -> None:
        self.problem, self.settings = problem, settings

    def truth(self, trial: Trial) -> float:
        return POINTS * float(self.problem.accuracy(self._codes(trial))[0])

    def regret(self, trial: Trial) -> float:
        return self.problem.scores.targets[TARGET].best_accuracy - self.truth(trial)

    def again(self, trial: Trial) -> list[float]:
        """Accuracies of the repeats, as fractions."""
        made = self.settings
        seeds = [made.seed + number * REPEAT_SEEDS for number in range(1, made.repeats + 1)]
        return [float(self.problem.observed(self._codes(trial), seed, made.noise)[0]) for seed in seeds]

    def _codes(self, trial: Trial) -> Any:
        return encode(self.problem.space, [trial.candidate.choices])


def made(settings: Settings, problem: TabularProblem) -> Row:
    if not problem.deviation:
        raise SpecError(f"{problem.name}: its observations have no noise that could be drawn again; leave it out")
    judged = Judged(problem, settings)
    goal = objective.make({"name": "constrained", "target_latency_ms": problem.scores.targets[TARGET].latency})
    more = settings.evals + settings.candidates * settings.repeats
    plan = Plan(trials=more, seed=settings.seed, noise=settings.noise)
    longer = simulate(problem, searcher_of(settings.searcher), goal, plan).trained()
    trials = longer[: settings.evals]  # a searcher's proposals do not depend on the trials to come
    return {**asdict(settings), **chosen(judged, goal, trials, longer)}


def chosen(judged: Judged, goal: Objective, trials: Sequence[Trial], longer: Sequence[Trial]) -> Row:
    """Regret and excess by rule."""
    search = Problem(judged.problem.space, goal, judged.problem.known)
    settings = judged.settings
    best = candidates(search, trials, settings.candidates)
    repeats = {trial.number: judged.again(trial) for trial in best}
    repeated = ranking(search, trials, repeats).standings
    averaged = max((each for each in repeated if each.trainings > 1), key=lambda each: each.average)
    plain, spent = ranking(search, trials, {}).standings[0], ranking(search, longer, {}).standings[0]
    luckiest, lucky_spent = by_reward(trials)[0], by_reward(longer)[0]
    winners = {
        "luckiest": (luckiest, luckiest.metrics["accuracy"]),
        "luckiest+": (lucky_spent, lucky_spent.metrics["accuracy"]),
        "posterior": (plain.trial, plain.mean),
        "posterior+": (spent.trial, spent.mean),
        "average": (averaged.trial, averaged.average),
        "repeated": (repeated[0].trial, repeated[0].mean),
    }
    held = [
        each.low <= judged.truth(each.trial) / POINTS <= each.high
        for each in repeated
        if each.trainings > 1 and each.low is not None and each.high is not None
    ]
    return {
        "regret": {rule: judged.regret(trial) for rule, (trial, _) in winners.items()},
        "excess": {rule: POINTS * value - judged.truth(trial) for rule, (trial, value) in winners.items()},
        "held": float(np.mean(held)),
    }


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines in Markdown: the mean regret of each rule over seeds, with its standard error, and the mean excess."""
    rules = list(rows[0]["regret"])
    yield f"| problem | searcher | noise | trials | n | {' | '.join(rules)} | intervals hold |"
    yield "|---" * (len(rules) + 6) + "|"
    settings = ("problem", "searcher", "noise", "evals", "candidates", "repeats")
    for key in dict.fromkeys(tuple(row[name] for name in settings) for row in rows):
        group = [row for row in rows if tuple(row[name] for name in settings) == key]
        cells = [cell([row["regret"][rule] for row in group], [row["excess"][rule] for row in group]) for rule in rules]
        held = statistics.mean(row["held"] for row in group)
        name, searcher, noise, evals, *_ = key
        yield f"| {name} | {searcher} | x{noise:g} | {evals} | {len(group)} | {' | '.join(cells)} | {held:.0%} |"


def cell(regrets: Sequence[float], excesses: Sequence[float]) -> str:
    error = statistics.stdev(regrets) / len(regrets) ** 0.5 if len(regrets) > 1 else 0.0
    return f"{statistics.mean(regrets):.3f} ± {error:.3f} ({statistics.mean(excesses):+.2f})"


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", type=Path, nargs="+", action="extend", required=True, metavar="FILE")
    parser.add_argument("--searchers", required=True, help="names, with commas between them")
    parser.add_argument("--evals", type=int, required=True, help="distinct networks that are trained")
    parser.add_argument("--noise", type=float, default=1.0, help="factor on the noise of observations")
    parser.add_argument("--candidates", type=int, default=8, help="networks that are trained again")
    parser.add_argument("--repeats", type=int, default=2, help="how often")
    add_row_arguments(parser)
    return parsed(parser, given, "evals", "candidates", "repeats")


def main(given: Sequence[str] | None = None) -> None:
    arguments = arguments_of(given)
    file = RowFile(arguments.json)
    print(machine(), flush=True)
    chosen_by = (arguments.evals, arguments.noise, arguments.candidates, arguments.repeats)
    for problem in map(load_problem, arguments.problem):
        wanted = [
            Settings(problem.name, searcher, seed, *chosen_by)
            for searcher in arguments.searchers.split(",")
            for seed in seeds_of(arguments)
        ]
        missing = [settings for settings in wanted if not file.has(asdict(settings))]
        for row in file.make(missing, partial(made, problem=problem)):
            say({name: row[name] for name in asdict(wanted[0])})
    for line in table(file.rows):
        print(line)


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
