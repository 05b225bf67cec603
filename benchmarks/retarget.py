"""Claim: another device or target is answered from weights that were trained once, in less than a minute and within
half a point of a search that is made for it.

    python benchmarks/retarget.py --out FOLDER

One search with the evaluator supernet, of the whole front on the first of --devices. Then three answers for each
device, which has to be measured, and targets at the quartiles of the latencies of its networks there:

- `asked`: the best of the networks that the search has scored (`nas retarget FOLDER`): nothing is trained or scored,
- `anew`: of a search for that target and device over the same weights (`nas retarget FOLDER --candidates N`),
- `made for it`: as `anew`, over weights of its own, another seed's, and as many candidates as the first search had.

Each winner is trained from random weights by the recipe of finalists, `--seeds` times, and tested on the test images.
What is done is kept in FOLDER, and a later call goes on from there. It has been run in small only: no results yet.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from latency_db.estimating.space_latencies import space_latencies
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.dataset import load
from nas.files import write_whole
from nas.machine.cgroup import core_count
from nas.objective import LATENCY
from nas.ops.notation import write_network
from nas.retargeting.answer import Answer, answer
from nas.spec import parse_spec
from nas.training import FINALISTS
from row_file import RowFile, in_turn, machine, say
from workers.executing.executor import executor
from workers.folder_run.console import ConsoleListener
from workers.folder_run.fresh_run import fresh_run
from workers.folder_run.run import run
from workers.folder_run.trained_run import trained_run
from workers.tasks.train import Final, Setup, finalise

Row = dict[str, Any]
WAYS = ("asked", "anew", "made for it")
QUARTILES = (0.25, 0.5, 0.75)


class Question(NamedTuple):
    device: str
    quartile: float
    target_ms: float


def spec_of(given: argparse.Namespace, seed: int, device: str, target_ms: float | None) -> Row:
    limit = {} if target_ms is None else {"target_latency_ms": target_ms, "limits": {"latency_ms": target_ms}}
    return {
        "dataset": given.data,
        "space": given.space,
        "device": device,
        "objective": {"name": "pareto", **limit},
        "evaluator": {"name": "supernet", "epochs": given.epochs},
        "max_trials": given.candidates,
        "parallel": core_count(),
        "seed": seed,
        "finalists": {"count": 0},
        "references": [],
    }


def search(spec: Row, folder: Path) -> Row:
    """Its seconds, and those of the training of shared weights among them."""
    with ConsoleListener(Console(stderr=True)).drawn() as listener:
        record = run(parse_spec(spec), folder, listener)
    return {"seconds": record["seconds"]}


def answered(folder: Path, question: Question) -> Answer:
    trained, estimates = trained_run(folder), None
    if trained.device(question.device) is None:
        store = Store()
        estimates = space_latencies(store, find_device(store, question.device), trained.space, trained.codes)
    return answer(trained, question.device, question.target_ms, estimates)


def questions(folder: Path, devices: Sequence[str]) -> Iterator[Question]:
    """Targets are quartiles of the latencies of all networks that the search has scored."""
    store, trained = Store(), trained_run(folder)
    for device in devices:
        columns = space_latencies(store, find_device(store, device), trained.space, trained.codes)
        for quartile in QUARTILES:
            yield Question(device, quartile, round(float(np.nanquantile(columns[LATENCY], quartile)), 5))


def row_of(given: argparse.Namespace, question: Question, way: str) -> Row:
    """What the winner is, and how long the answer took."""
    first, started, folder = given.out / "search", time.perf_counter(), given.out / "search"
    if way == "anew":
        spec, folder = fresh_run(
            first, device=question.device, target_ms=question.target_ms, candidates=given.candidates
        )
        with ConsoleListener(Console(stderr=True)).drawn() as listener:
            run(spec, folder, listener)
    if way == "made for it":
        folder = given.out / f"{question.device}-{question.quartile}"
        search(spec_of(given, given.seed + 1, question.device, question.target_ms), folder)
    found = answered(folder, question)
    seconds = time.perf_counter() - started
    if found.winner is None:
        return {**question._asdict(), "way": way, "seconds": seconds, "network": None}
    trial = found.winner.trial
    return {
        **question._asdict(),
        "way": way,
        "seconds": seconds,
        "network": write_network(trial.candidate.architecture.expand()),
        "latency_ms": trial.metrics[LATENCY],
        "shared": found.winner.mean,
    }


def train(given: argparse.Namespace, networks: Sequence[str]) -> RowFile:
    """Test accuracies of the networks, over the seeds."""
    rows = RowFile(given.out / "trained.json", "network")
    recipe, images, tasks = replace(FINALISTS, epochs=given.final_epochs), load(given.data, 0), {}
    for network, seed in product(networks, range(given.seeds)):
        if not rows.has({"network": network, "seed": seed}):
            path = given.out / f"{sha256(network.encode()).hexdigest()[:16]}-{seed}.pt"
            setup = Setup.of({"name": given.data}, {"name": "train"}, seed=seed, threads=1)
            tasks[network, seed] = (finalise, (setup, images, network, Final(recipe, str(path), {"seed": seed})))
    say(f"{len(tasks)} trainings of {recipe.epochs} epochs")
    with executor["process"](core_count(), 1) as pool:
        for row in rows.make(in_turn(pool, tasks), _tested):
            say(f"{row['test_accuracy']:.2%}")
    return rows


def _tested(ended: tuple[tuple[str, int], Future[Any]]) -> Row:
    (network, seed), future = ended
    metrics, _ = future.result()
    return {"network": network, "seed": seed, "test_accuracy": metrics["test_accuracy"]}


def table(rows: Sequence[Row], trained: RowFile) -> Iterator[str]:
    yield "| device | quartile | target, ms | way | seconds | latency, ms | shared accuracy | test accuracy | less |"
    yield "|---" * 9 + "|"
    tested: dict[str, list[float]] = {}
    for row in trained.rows:
        tested.setdefault(row["network"], []).append(100 * row["test_accuracy"])
    for row in rows:
        start = f"| {row['device']} | {row['quartile']} | {row['target_ms']} | {row['way']} | {row['seconds']:.1f} "
        if row["network"] is None:
            yield start + "| none | | | |"
            continue
        values = tested[row["network"]]
        spread = f" ± {stdev(values):.1f}" if len(values) > 1 else ""
        made = next(
            each
            for each in rows
            if each["way"] == WAYS[-1] and (each["device"], each["quartile"]) == (row["device"], row["quartile"])
        )
        less = fmean(tested[made["network"]]) - fmean(values) if made["network"] else float("nan")
        yield start + f"| {row['latency_ms']:.4f} | {row['shared']:.1%} | {fmean(values):.2f}{spread} | {less:+.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion_mnist_mini")
    parser.add_argument("--space", default="small")
    parser.add_argument("--devices", default="local-cpu-1t,local-ncnn-1t", help="with commas between them")
    parser.add_argument("--epochs", type=int, default=16, help="of the shared weights")
    parser.add_argument("--candidates", type=int, default=200, help="of each search")
    parser.add_argument("--final-epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3, help="of the trainings of winners")
    parser.add_argument("--seed", type=int, default=0, help="of the first search")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    devices, first = given.devices.split(","), given.out / "search.json"
    if not first.exists():
        write_whole(first, json.dumps(search(spec_of(given, given.seed, devices[0], None), given.out / "search")))
    rows = RowFile(given.out / "rows.json", "way")
    kept = given.out / "questions.json"  # estimates change with each measurement
    if not kept.exists():
        write_whole(kept, json.dumps(list(questions(given.out / "search", devices))))
    asked = [(Question(*each), way) for each in json.loads(kept.read_text(encoding="utf-8")) for way in WAYS]
    missing = [(each, way) for each, way in asked if not rows.has({**each._asdict(), "way": way})]
    for _ in rows.make(missing, lambda one: row_of(given, *one)):
        pass
    trained = train(given, list(dict.fromkeys(row["network"] for row in rows.rows if row["network"])))
    print(f"{machine()}; the first search took {json.loads(first.read_text())['seconds']:.0f} s")
    print("\n".join(table(rows.rows, trained)))


if __name__ == "__main__":
    main()
