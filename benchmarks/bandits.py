"""Claim: evolution and reinforce beat random at equal trials, in spaces whose optimum is known.

Command: python benchmarks/bandits.py [--trials 250] [--seeds 20] [--grid]
Each seed is another table of rewards (nas.testing.bandit_space) and another searcher; the best possible reward is 1.
Takes about a minute on one core, the grid some five minutes. Results: docs/results/bandits.md.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

import torch

from nas.searcher import searcher
from nas.testing import bandit_space
from nas.trial import State, Trial

DEFAULTS: tuple[Mapping[str, Any], ...] = ({"name": "random"}, {"name": "evolution"}, {"name": "reinforce"})
GRID: tuple[Mapping[str, Any], ...] = (
    {"name": "evolution", "population": 16, "tournament": 4},
    {"name": "evolution", "population": 16, "tournament": 8},
    {"name": "evolution", "population": 32, "tournament": 16},
    {"name": "evolution", "population": 64, "tournament": 16},
    {"name": "reinforce", "ppo_epochs": 5},
    {"name": "reinforce", "ppo_epochs": 20},
    {"name": "reinforce", "batch": 5, "ppo_epochs": 5},
    {"name": "reinforce", "batch": 20, "ppo_epochs": 20},
    {"name": "reinforce", "learning_rate": 0.001},
    {"name": "reinforce", "learning_rate": 0.0035},
    {"name": "reinforce", "entropy_weight": 0.003},
)
LAST = 25


def run(config: Mapping[str, Any], seed: int, trials: int) -> tuple[float, float, float]:
    """Best reward, mean regret of the last proposals, share of proposals that were new."""
    bandit = bandit_space(seed)
    made = searcher.make(config, bandit.problem, seed)
    rewards, seen = [], set()
    for number in range(trials):
        proposed = made.ask()
        if not proposed:
            break
        (candidate,) = proposed
        made.asked(Trial(number, candidate))
        reward = bandit.reward(candidate.choices)
        rewards.append(reward)
        seen.add(candidate.architecture)
        made.tell(Trial(number, candidate, State.SUCCEEDED, {"accuracy": reward}, reward))
    return max(rewards), 1 - statistics.mean(rewards[-LAST:]), len(seen) / len(rewards)


def cell(values: tuple[float, ...]) -> str:
    """Mean and standard error over seeds."""
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values) / len(values) ** 0.5:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=250)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--grid", action="store_true", help="vary the parameters instead")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{arguments.trials} trials, n = {arguments.seeds} seeds; Python {platform.python_version()}, ", end="")
    print(f"torch {torch.__version__}, {platform.machine()}; mean ± standard error\n")
    print(f"| searcher | best reward | regret of the last {LAST} | new proposals | seconds a search |")
    print("|---|---|---|---|---|")
    for config in GRID if arguments.grid else DEFAULTS:
        start = time.perf_counter()
        best, regret, new = zip(*(run(config, seed, arguments.trials) for seed in range(arguments.seeds)), strict=True)
        seconds = (time.perf_counter() - start) / arguments.seeds
        words = ", ".join(f"{key} {value}" for key, value in config.items() if key != "name")
        name = f"{config['name']}{' (' + words + ')' if words else ''}"
        print(f"| {name} | {cell(best)} | {cell(regret)} | {statistics.mean(new):.2f} | {seconds:.1f} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
