"""Claim: two devices in one search cost at most 1.2 times the trials of one, for fronts as good on both.

    python benchmarks/two_devices.py --problems FILE FILE [--searcher auto] [--evals 200] [--seeds 20] --json OUT

The files are problem files (docs/tabular.md) of one space and one accuracy, with the latency of a device each. For each
seed there are a search for each device alone, and one for both with half as many trainings again, with the objective
`pareto`. Every row of OUT is one search, with the normalised hypervolume on the devices after each training.

Printed for each number n of trainings: the median hypervolume of a device's own search after n; the mean over seeds and
devices, with its standard error, of what the search for both has more after n and after 1.2 n; and the first m at which
it is as good on the median on each device, as m / n. Rows of OUT are not made again.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from nas.asking.codes import random_codes
from nas.errors import NasError, SpecError
from nas.objective import objective
from nas.search.devices import KnownOnDevices
from nas.search.simulation import Outcome, Plan, simulate
from nas.searcher import searcher_of
from nas.tabular.problem import TabularProblem, load_problem
from nas.tabular.scores import BUDGETS
from row_file import Row, RowFile, add_row_arguments, machine, parsed, say, seeds_of

CLAIMED = 1.2

BOTH = "both"

MORE = 1.5
"""Trainings of a search for both devices, as a share of those for one."""

SAMPLE = 1000
"""Networks by which files are compared."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two problems of one space."""

    first: TabularProblem
    second: TabularProblem

    @property
    def names(self) -> tuple[str, str]:
        return self.first.name, self.second.name

    @property
    def both(self) -> TabularProblem:
        """The first problem, in which the latencies of both are known."""
        return replace(self.first, known=KnownOnDevices({each.name: each.known for each in (self.first, self.second)}))


def load_pair(files: Sequence[Path]) -> Pair:
    """SpecError if the files are not of one space and one accuracy."""
    pair = Pair(*map(load_problem, files))
    decisions = [
        [(each.name, len(each.options)) for each in problem.space.decisions()] for problem in (pair.first, pair.second)
    ]
    if decisions[0] != decisions[1] or pair.first.name == pair.second.name:
        raise SpecError("--problems: name two files with the same decisions and with names of their own")
    codes = random_codes(pair.first.space, SAMPLE, np.random.default_rng(0))
    if not np.allclose(pair.first.accuracy(codes), pair.second.accuracy(codes)):
        raise SpecError("--problems: the accuracies differ, so a training for one says nothing of the other")
    return pair


def searched(pair: Pair, key: Row) -> Row:
    """The row of a key. Its kind is the name of a problem, for its own search; or BOTH."""
    alone, kind = {problem.name: problem for problem in (pair.first, pair.second)}, key["kind"]
    problem, config = alone.get(kind, pair.both), {"name": "pareto", "target_latency_ms": 1.0}
    if kind not in alone:
        config["target_latency_ms"] = dict.fromkeys(pair.names, 1.0)
    plan = Plan(trials=key["trials"], seed=key["seed"])
    began = time.perf_counter()
    found = simulate(problem, searcher_of(key["searcher"]), objective.make(config), plan)
    seconds = time.perf_counter() - began
    judged = [alone[kind]] if kind in alone else [pair.first, pair.second]
    volumes = {}
    for judge in judged:
        outcome = Outcome(judge, found)
        volumes[judge.name] = [round(outcome.hypervolume(n), 5) for n in range(1, len(outcome.trials) + 1)]
    return {**key, "hypervolume": volumes, "seconds": round(seconds, 2)}


def median_at(rows: Sequence[Row], name: str, trainings: int) -> float:
    """The median hypervolume on a device after so many trainings, or after all where there are fewer."""
    return statistics.median(row["hypervolume"][name][:trainings][-1] for row in rows)


def needed(rows: Sequence[Row], wanted: Mapping[str, float], most: int) -> int | None:
    """The first number of trainings at which all devices are as good as wanted; None if more than most."""
    good = (m for m in range(1, most + 1) if all(median_at(rows, name, m) >= value for name, value in wanted.items()))
    return next(good, None)


def gain(by_kind: Mapping[str, Sequence[Row]], names: Sequence[str], n: int, share: float) -> str:
    """What the search for both has more after share * n trainings than a device's own after n; its standard error."""
    own = {(name, row["seed"]): row["hypervolume"][name][:n][-1] for name in names for row in by_kind[name]}
    more = [
        row["hypervolume"][name][: round(share * n)][-1] - own[name, row["seed"]]
        for row in by_kind[BOTH]
        for name in names
        if (name, row["seed"]) in own
    ]
    error = statistics.stdev(more) / len(more) ** 0.5 if len(more) > 1 else float("nan")
    return f"{statistics.mean(more):+.3f} ({error:.3f})"


def table(rows: Sequence[Row], names: Sequence[str], evals: int) -> Iterator[str]:
    """Lines of a table in Markdown."""
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in (*names, BOTH)}
    heads = (names[0], names[1], "both after n", f"both after {CLAIMED} n", "as good after")
    yield f"| n | {' | '.join(heads)} | share |"
    yield "|---" * (len(heads) + 2) + "|"
    for n in [budget for budget in BUDGETS if budget <= evals]:
        wanted = {name: median_at(by_kind[name], name, n) for name in names}
        m = needed(by_kind[BOTH], wanted, int(MORE * evals))
        values = " | ".join(f"{value:.3f}" for value in wanted.values())
        gains = " | ".join(gain(by_kind, names, n, share) for share in (1.0, CLAIMED))
        yield f"| {n} | {values} | {gains} | " + ("more | |" if m is None else f"{m} | {m / n:.2f} |")


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=Path, nargs=2, required=True, metavar="FILE")
    parser.add_argument("--searcher", default="auto")
    parser.add_argument("--evals", type=int, default=200, help="trainings of a search for one device")
    add_row_arguments(parser, seeds=20)
    arguments = parsed(parser, given)
    pair = load_pair(arguments.problems)
    file = RowFile(arguments.json)
    about = {"problems": list(pair.names), "searcher": arguments.searcher}
    print(machine(), flush=True)
    trials = dict.fromkeys(pair.names, arguments.evals) | {BOTH: int(MORE * arguments.evals)}
    wanted = [
        {**about, "kind": kind, "seed": seed, "trials": count}
        for seed in seeds_of(arguments)
        for kind, count in trials.items()
    ]
    for row in file.make([key for key in wanted if not file.has(key)], partial(searched, pair)):
        say({name: row[name] for name in ("kind", "seed", "seconds")})
    for line in table([row for row in file.rows if about.items() <= row.items()], pair.names, arguments.evals):
        print(line)


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
