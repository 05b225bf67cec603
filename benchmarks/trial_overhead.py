"""Claim: beyond its training a trial costs at most 20 ms with the executor `ray`, and the last as much as the first.

    python benchmarks/trial_overhead.py
    python benchmarks/trial_overhead.py --executors ray ray_tune process inline --trials 1000

A search whose trials do not train goes the whole way: a ledger on SQLite, whose every transaction is on disk when it
ends, a dispatcher, the searcher, the estimate of latency, an executor with two workers, and each trial's report and
result back. The evaluator is this file's: workers find it as they find any plugin. Per executor: the time from the end
of one trial to the end of the next, in the mean over each tenth of the search, from the times in the ledger. Exit code
1 if, with `ray`, a tenth takes more than 20 ms a trial, or the last tenth over 20 % more than the first.
"""

import argparse
import itertools
import os
import platform
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from nas.jobs.ledger import Ledger
from nas.service.settings import Settings
from nas.spec import parse_spec
from workers.dispatching.dispatcher import Dispatcher
from workers.executing.executor import executor

LIMIT_MS = 20.0
GROWTH = 0.2
PARTS = 10
READY_S = 300.0

EVALUATOR = '''"""Training for no time at all; all that is done about a training is done."""

from nas.evaluator import evaluator
from nas.evaluators.train import TrainEvaluator


@evaluator("instant")
class Instant(TrainEvaluator):
    def evaluate(self, network, report):
        report(1, {"accuracy": 0.5})
        return {"accuracy": (len(str(network)) % 97) / 97}
'''
PLACE = """import nas.evaluators
nas.evaluators.__path__.append({folder!r})
"""
"""sitecustomize, which every Python process reads when it starts."""

STAGE: dict[str, Any] = {
    "blocks": [{"conv": {"kernel": [3, 5]}}, {"separable": {"kernel": [3, 5]}}],
    "layers": [1, 2],
    "width": 8,
    "stride": 1,
}
SPEC: dict[str, Any] = {
    "dataset": "fashion_mnist_mini",
    # Many members of few kernels: hardly a network comes twice, and what there is to measure is soon measured.
    "space": {
        "name": "many",
        "resolution": 28,
        "channels": 1,
        "classes": 10,
        "stem": {"width": 8, "kernel": 3, "stride": 2},
        "stages": [STAGE] * 8,
        "head": 0,
    },
    "objective": {"name": "mnasnet"},
    "evaluator": {"name": "instant"},
    "references": [],
    "finalists": {"count": 1, "epochs": 1},
}


def plant(folder: Path) -> None:
    """Have this process and those it starts find the evaluator."""
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "instant.py").write_text(EVALUATOR, encoding="utf-8")
    (folder / "sitecustomize.py").write_text(PLACE.format(folder=str(plugins)), encoding="utf-8")
    os.environ["PYTHONPATH"] = str(folder)
    sys.path.insert(0, str(folder))
    exec(PLACE.format(folder=str(plugins)))  # noqa: S102 - the same lines, for the process that has started already


def search(name: str, trials: int, workers: int, folder: Path) -> list[float]:
    """Run a search of that many trials; returns the times at which they ended, in seconds."""
    home = folder / name
    home.mkdir()
    settings = Settings(home=home, executor=name, workers=workers)
    ledger = Ledger(f"sqlite:///{home / 'nas.db'}")
    ledger.migrate()
    spec = parse_spec(SPEC | {"max_trials": trials, "parallel": workers})
    made, _ = ledger.searches.submit(spec.model_dump(mode="json"), name=name)
    stop = threading.Event()
    with executor[name](workers) as pool:
        dispatching = threading.Thread(target=Dispatcher(ledger, settings, pool).run, args=(stop,))
        dispatching.start()
        try:
            wait(ledger, made.id, trials)
        finally:
            stop.set()
            dispatching.join()
    ended: list[float] = ledger.trials.columns(made.id).columns["ended_at"]
    ledger.close()
    return sorted(ended)


def wait(ledger: Ledger, search_id: str, trials: int) -> None:
    until = time.monotonic() + READY_S + trials
    while not (now := ledger.searches.get(search_id)).ended_at and time.monotonic() < until:
        time.sleep(0.5)
    if now.state != "SUCCEEDED" or now.counts.succeeded < trials:
        raise SystemExit(f"the search is {now.state} with {now.counts}: {now.state_message}")


def parts(ended: list[float]) -> list[float]:
    """Milliseconds a trial in each tenth; what comes before the first trial's end is left out."""
    edges = [round(part * (len(ended) - 1) / PARTS) for part in range(PARTS + 1)]
    return [(ended[b] - ended[a]) / (b - a) * 1000 for a, b in itertools.pairwise(edges)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--executors", nargs="+", default=["ray"], choices=list(executor))
    given = parser.parse_args()
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    print(f"{machine}, SQLite {sqlite3.sqlite_version}, {given.workers} workers, {given.trials:,} trials\n")
    print("| executor | mean ms | worst tenth ms | first tenth ms | last tenth ms | last against first |")
    print("|---|---|---|---|---|---|")
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAS_LATENCY_DB"] = str(Path(folder) / "latency.db")
        plant(Path(folder))
        for name in given.executors:
            took = parts(search(name, given.trials, given.workers, Path(folder)))
            growth = took[-1] / took[0] - 1
            mean, worst = sum(took) / PARTS, max(took)
            print(f"| {name} | {mean:.1f} | {worst:.1f} | {took[0]:.1f} | {took[-1]:.1f} | {growth:+.0%} |", flush=True)
            if name == "ray":
                holds = worst <= LIMIT_MS and growth <= GROWTH
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
