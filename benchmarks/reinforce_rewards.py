"""Claim: MnasNet's reward with alpha = beta does not steer a search to its target; the hard and the absolute reward do.

    python benchmarks/reinforce_rewards.py --problem FILE --evals 500 --seeds 5 --json OUT

FILE is a problem file (docs/tabular.md). First, what each reward prefers: the network of its highest true value among
20,000 random ones, at each target; no search is in that. Then each row of OUT is one search by `reinforce` of --evals
distinct networks, under one reward, one of two targets (the 25th and the 75th percentile of the space's latency) and
one seed, without any limit:

- soft: ACC * (LAT / T)^-0.07; hard: ACC if LAT <= T, else ACC * (LAT / T)^-1 (MnasNet, arXiv:1807.11626, eq. 2 and 3),
- absolute: ACC - 0.1 * |LAT / T - 1| (TuNAS, arXiv:2008.06120).

latency_ms and accuracy: of its trials in order. Beside OUT, an .svg has what figure 6 of MnasNet shows of each reward:
where the trials fall between latency and accuracy, and how often each latency was sampled in the last half of the
searches. Rows that OUT has already are not run again.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nas.asking.codes import random_codes
from nas.errors import NasError, SpecError
from nas.files import write_whole
from nas.objective import Objective, objective
from nas.search.simulation import Plan, simulate
from nas.searcher import searcher_of
from nas.tabular.problem import TabularProblem, load_problem
from nas.trial import Trial
from reward_plots import draw

REWARDS: dict[str, dict[str, Any]] = {
    "soft": {"name": "mnasnet", "alpha": -0.07, "beta": -0.07},
    "hard": {"name": "mnasnet", "alpha": 0.0, "beta": -1.0},
    "absolute": {"name": "tunas", "beta": -0.1},
}
TARGETS = ("25", "75")
SAMPLE = 20_000

Row = dict[str, Any]


def goal_of(reward: str, problem: TabularProblem, target: str) -> Objective:
    return objective.make({**REWARDS[reward], "target_latency_ms": problem.scores.targets[target].latency})


def made(problem: TabularProblem, reward: str, target: str, seed: int, arguments: argparse.Namespace) -> Row:
    plan = Plan(trials=arguments.evals, seed=seed)
    trials = simulate(problem, searcher_of(arguments.searcher), goal_of(reward, problem, target), plan).trained()
    best = max(trials, key=lambda trial: trial.reward or 0.0)
    return {
        **key_of(problem, reward, target, seed, arguments),
        "target_ms": problem.scores.targets[target].latency,
        "latency_ms": rounded(trials, "latency_ms"),
        "accuracy": rounded(trials, "accuracy"),
        "winner_ms": best.metrics["latency_ms"],
        "winner_accuracy": best.metrics["accuracy"],
    }


def key_of(
    problem: TabularProblem, reward: str, target: str, seed: int, arguments: argparse.Namespace
) -> dict[str, str | int]:
    run = {"problem": problem.name, "searcher": arguments.searcher, "evals": arguments.evals}
    return run | {"reward": reward, "target": target, "seed": seed}


def preferred(problem: TabularProblem) -> Iterator[str]:
    """Lines in Markdown: the best of many random networks under each reward, by true accuracy."""
    codes = random_codes(problem.space, SAMPLE, np.random.default_rng(0))
    latency, accuracy = problem.known(codes)["latency_ms"], problem.accuracy(codes)
    yield "| reward | percentile of T | T, ms | latency of the best, ms | latency / T | its accuracy |"
    yield "|---|---|---|---|---|---|"
    for reward in REWARDS:
        for name, target in problem.scores.targets.items():
            goal = goal_of(reward, problem, name)
            values = [
                goal.reward({"accuracy": a, "latency_ms": ms})
                for a, ms in zip(accuracy.tolist(), latency.tolist(), strict=True)
            ]
            best = int(np.argmax(values))
            cells = (f"{target.latency:.3g}", f"{latency[best]:.3g}", f"{latency[best] / target.latency:.2f}")
            yield f"| {reward} | {name} | {' | '.join(cells)} | {accuracy[best]:.2%} |"


def rounded(trials: Sequence[Trial], metric: str) -> list[float]:
    return [float(f"{trial.metrics[metric]:.5g}") for trial in trials]


def sampled(row: Row) -> float:
    """Median latency of the last half of its trials, as a multiple of the target."""
    return float(np.median(row["latency_ms"][len(row["latency_ms"]) // 2 :])) / row["target_ms"]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines in Markdown: medians over seeds, with the least and the greatest."""
    yield "| reward | target, ms | n | sampled latency / T | winner's latency / T | winner's accuracy |"
    yield "|---|---|---|---|---|---|"
    for reward, target in dict.fromkeys((row["reward"], row["target"]) for row in rows):
        group = [row for row in rows if (row["reward"], row["target"]) == (reward, target)]
        ratios = ([sampled(row) for row in group], [row["winner_ms"] / row["target_ms"] for row in group])
        cells = [f"{statistics.median(each):.2f} ({min(each):.2f}-{max(each):.2f})" for each in ratios]
        accuracy = statistics.median(row["winner_accuracy"] for row in group)
        cells.append(f"{accuracy:.2%}")
        yield f"| {reward} | {group[0]['target_ms']:.3g} | {len(group)} | {' | '.join(cells)} |"


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", type=Path, required=True, metavar="FILE")
    parser.add_argument("--searcher", default="reinforce", help="a name, with parameters after colons")
    parser.add_argument("--evals", type=int, required=True, help="distinct networks that a search trains")
    parser.add_argument("--seeds", type=int, required=True, help="number of seeds")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT")
    arguments = parser.parse_args(given)
    for name in ("evals", "seeds"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name}: at least 1")
    return arguments


def main(given: Sequence[str] | None = None) -> None:
    arguments = arguments_of(given)
    problem = load_problem(arguments.problem)
    rows: list[Row] = json.loads(arguments.json.read_text(encoding="utf-8")) if arguments.json.exists() else []
    if any(row["problem"] != problem.name for row in rows):
        raise SpecError(f"--json: {arguments.json} has rows of another problem; choose another file")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, {os.cpu_count()} cores")
    for line in preferred(problem):
        print(line)
    wanted = [(reward, target, seed) for seed in range(arguments.seeds) for target in TARGETS for reward in REWARDS]
    for reward, target, seed in wanted:
        if not any(key_of(problem, reward, target, seed, arguments).items() <= row.items() for row in rows):
            rows.append(made(problem, reward, target, seed, arguments))
            write_whole(arguments.json, json.dumps(rows) + "\n")
            print(f"{reward}  T = {rows[-1]['target_ms']:.3g} ms  seed {seed}", file=sys.stderr, flush=True)
    for line in table(rows):
        print(line)
    write_whole(arguments.json.with_suffix(".svg"), draw(rows, tuple(REWARDS)))


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
