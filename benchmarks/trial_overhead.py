"""Claim: beyond its training, a trial costs at most 20 ms with the executor `ray`.

    python benchmarks/trial_overhead.py --trials 200 --workers 2

Trials that do nothing but report once go through each executor, as many at a time as it has workers. The first ones,
which start the workers, are not counted. Per executor: milliseconds of wall time per trial, by the median of the blocks
of 20 trials and the worst block, and the seconds to the first result.
"""

import argparse
import os
import platform
import statistics
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from nas.evaluator import Report
from workers.executor import Executor, executor

BLOCK = 20


def instant(number: int, *, report: Report) -> dict[str, float]:
    """A trial without a training."""
    report(1, {"accuracy": 0.5})
    return {"accuracy": number / (number + 1)}


def run(pool: Executor, trials: int) -> None:
    """Run trials, as many at a time as there are workers; each must have its own result and its report."""
    running: dict[Future[Any], int] = {}
    reports: list[int] = []
    for number in range(trials):
        while len(running) >= pool.workers:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                check(future, running.pop(future))
        running[pool.submit(instant, number, report=lambda epoch, _: reports.append(epoch))] = number
    for future, number in running.items():
        check(future, number)
    if len(reports) != trials:
        raise SystemExit(f"{trials} trials made {len(reports)} reports")


def check(future: Future[Any], number: int) -> None:
    if future.result() != {"accuracy": number / (number + 1)}:
        raise SystemExit(f"trial {number} has the result of another")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--executors", nargs="+", default=list(executor), choices=list(executor))
    given = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, {given.workers} workers")
    print(f"{'executor':<10} {'trials':>6} {'median ms':>10} {'worst ms':>9} {'first s':>8}")
    for name in given.executors:
        started = time.perf_counter()
        with executor[name](given.workers) as pool:
            run(pool, 1)
            first_s = time.perf_counter() - started
            run(pool, 2 * given.workers)  # now every worker is there
            blocks = []
            for _ in range(max(1, given.trials // BLOCK)):
                began = time.perf_counter()
                run(pool, BLOCK)
                blocks.append((time.perf_counter() - began) / BLOCK * 1000)
        row = f"{statistics.median(blocks):>10.2f} {max(blocks):>9.2f} {first_s:>8.1f}"
        print(f"{name:<10} {len(blocks) * BLOCK:>6} {row}")


if __name__ == "__main__":
    main()
