"""Claim: the 10,000 events of 5,000 trials are told to a new searcher in less than 10 s, whatever its asks cost.

    python benchmarks/replay.py
    python benchmarks/replay.py --events 400 2000 10000 --searchers evolution --space small

The journal is one of random trials with invented latencies and accuracies, in memory: reading it from a file or a
database is not counted. Per searcher and number of events: the seconds until a search can go on, those of its first ask
for one candidate, which fits what it was told, and those of the next ask when another trial was told. One core. Exit
code 1 if telling takes more than 10 s.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Mapping
from random import Random
from typing import Any

import torch

from nas.asking.problem import Problem
from nas.search import lines
from nas.search.journal import MemoryJournal
from nas.search.lines import Proposal
from nas.search.loop import Search
from nas.searcher import searcher
from nas.spaces import load_space
from nas.testing import problem_in
from nas.trial import State, Trial

LIMIT_S = 10.0


def trial_of(problem: Problem, number: int, rng: Random) -> Trial:
    metrics = {"latency_ms": rng.uniform(1, 100), "params": rng.uniform(1e5, 1e7), "macs": rng.uniform(1e7, 1e9)}
    return Trial(number, problem.space.sample(rng), metrics=metrics)


def end_of(trial: Trial, rng: Random) -> Trial:
    accuracy = rng.random()
    return Trial(
        trial.number, trial.candidate, State.SUCCEEDED, {**trial.metrics, "accuracy": accuracy}, reward=accuracy
    )


def journal_of(problem: Problem, events: int) -> MemoryJournal:
    rng, written = Random(0), []
    for number in range(events // 2):
        trial = trial_of(problem, number, rng)
        written += [lines.asked(trial, Proposal(trial.candidate, number, 1, 0)), lines.told(end_of(trial, rng), ())]
    journal = MemoryJournal()
    for line in json.loads(json.dumps(written)):
        journal.add(line)
    return journal


def seconds(config: Mapping[str, Any], problem: Problem, journal: MemoryJournal) -> tuple[float, float, float]:
    """Of telling the journal, of the first ask, and of the next one."""
    begin = time.perf_counter()
    search = Search(searcher.make(config, problem, 0), problem.objective, journal)
    told = time.perf_counter()
    asks = search.searcher
    (candidate,) = asks.ask()
    asked = time.perf_counter()
    trial = Trial(len(search.trials), candidate, metrics=search.trials[0].metrics)
    asks.asked(trial)
    asks.tell(end_of(trial, Random(1)))
    again = time.perf_counter()
    asks.ask()
    return told - begin, asked - told, time.perf_counter() - again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=[10_000])
    parser.add_argument("--searchers", nargs="+", default=list(searcher))
    parser.add_argument("--space", default="mnasnet")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    problem, slow = problem_in(load_space(arguments.space)), False
    print(f"space {arguments.space}, one core; Python {platform.python_version()}, torch {torch.__version__}\n")
    print("| searcher | events | told, s | first ask, s | next ask, s |\n|---|---|---|---|---|")
    for events in arguments.events:
        journal = journal_of(problem, events)
        for name in arguments.searchers:
            told, first, after = seconds({"name": name}, problem, journal)
            slow |= told > LIMIT_S
            print(f"| {name} | {events} | {told:.2f} | {first:.3f} | {after:.3f} |", flush=True)
    sys.exit(slow)


if __name__ == "__main__":
    main()
