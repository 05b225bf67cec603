"""Claim: networks that a search finds are at least 1.8 times as fast as MobileNetV2 at equal test accuracy (MnasNet,
arXiv:1807.11626), and ShuffleNet is at least 13 times as fast as AlexNet at comparable accuracy (arXiv:1707.01083),
measured end to end.

    python benchmarks/headline.py --data cifar10 --hours 6 --out FOLDER

In steps, each of which leaves its result in FOLDER and is left out if that is there, so that a call that was ended goes
on: a plan of what fits into the time (plan.json), one search of the front of accuracy and latency (search/), its best
network for each target (finalists.json), the long training of these and of the references, by one recipe
(trained.json, models/), and the latencies of all, side by side in one session on each device (latencies.json). Tables
and a picture (headline.md, headline.svg) are made of these. How it works: docs/results/headline.md

The time is for all of it but the first measurement of kernels, on the cores of this machine; with less than a quarter
of an hour it takes longer than it says and shows only that it works. Data sets are found in NAS_DATA_DIR.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from headline_plan import planned
from headline_report import draw, tables
from headline_training import FP32, accuracies, around, file_of, train_all
from latency_db.commands.measuring import measurer_of
from latency_db.profiling.measurer import Measurer
from latency_db.records.record import Kind, RecordState
from latency_db.records.signatures import onnx_signature
from nas.dataset import load, resolve
from nas.errors import NasError, NotMeasuredError, SpecError, UnknownNameError
from nas.files import write_whole
from nas.machine.cgroup import core_count
from nas.ops.notation import write_network
from nas.retargeting.answer import answer
from nas.spec import parse_spec
from row_file import RowFile, machine, say
from workers.executing.executor import executor
from workers.folder_run.console import ConsoleListener
from workers.folder_run.run import run
from workers.folder_run.trained_run import trained_run

Row = dict[str, Any]

SEARCHED = "local-cpu-1t"
DEVICES = (SEARCHED, "local-onnxruntime_cpu-int8-1t", "local-ncnn-1t")
SHARED_EPOCHS = 0.8
"""Share of the time for trials that the training of a supernet takes."""
SCORED = 4
"""Trials with shared weights, in trials that are trained: they are only scored."""


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """The JSON value in the file, which is made and written if it is not there."""
    if not path.exists():
        write_whole(path, json.dumps(make(), indent=1) + "\n")
    return json.loads(path.read_text(encoding="utf-8"))


def plan_of(given: argparse.Namespace) -> Row:
    """The plan in the folder, which must be for the same arguments."""
    wanted = {"data": resolve(given.data), "hours": given.hours, "evaluator": given.evaluator, "seed": given.seed}

    def make() -> Row:
        images, cores = load(wanted["data"], 0), core_count()
        with executor["process"](cores, 1) as pool:
            plan = planned(images, given.hours, len(given.devices), pool, measurer_of(SEARCHED))
        sizes = {"images": {name: len(getattr(images, name)) for name in ("train", "validation", "test")}}
        return {**plan, **wanted, **sizes, "parallel": cores, "machine": machine()}

    plan: Row = kept(given.out / "plan.json", make)
    if changed := [name for name, value in wanted.items() if plan[name] != value]:
        raise SpecError(f"--out: {given.out} has a plan with another {changed[0]}; choose another folder")
    return plan


def evaluator_of(plan: Row) -> Row:
    some = {} if plan["train_images"] is None else {"train_images": plan["train_images"]}
    if plan["evaluator"] == "train":
        return {"name": "train", "epochs": plan["trial_epochs"], **some}
    return {"name": "supernet", "epochs": max(2, round(SHARED_EPOCHS * plan["trials_s"] / plan["epoch_s"]))}


def spec_of(plan: Row) -> Row:
    """The search: of the whole front, as accuracies do not depend on the target, within the largest target."""
    largest_ms = max(plan["targets_ms"])
    shared = plan["evaluator"] == "supernet"
    return {
        "dataset": plan["data"],
        "space": plan["space"],
        "device": SEARCHED,
        "objective": {"name": "pareto", "target_latency_ms": largest_ms, "limits": {"latency_ms": largest_ms}},
        "evaluator": evaluator_of(plan),
        "max_trials": plan["trials"] * (SCORED if shared else 1),
        "parallel": plan["parallel"],
        "seed": plan["seed"],
        "finalists": {"count": 0},
        "references": [],
    }


def searched(folder: Path, plan: Row) -> Row:
    """What the search cost; it goes on where it was ended."""
    with ConsoleListener(Console(stderr=True)).drawn() as listener:
        record = run(parse_spec(spec_of(plan)), folder / "search", listener)
    states = [trial["state"] for trial in record["trials"]]
    return {"seconds": record["seconds"], "trials": len(states), "succeeded": states.count("succeeded")}


def finalists(folder: Path, targets_ms: Sequence[float]) -> list[Row]:
    """For each target the network that is believed to be the most accurate within it, each network once."""
    trained, found = trained_run(folder / "search"), {}
    for target_ms in targets_ms:
        winner = answer(trained, SEARCHED, target_ms).winner
        if winner is None:
            say(f"no network of the search keeps {target_ms:.3g} ms")
            continue
        notation = write_network(winner.trial.candidate.architecture.expand())
        label = f"found for {target_ms:.3g} ms"
        found.setdefault(notation, {"label": label, "notation": notation, "curve": None})
    return [*found.values()]


def measured(folder: Path, devices: Sequence[str], labels: Sequence[str]) -> list[Row]:
    """For each device latencies in ms with their repeatability by label, or the reason why it has none."""
    rows, absent = RowFile(folder / "latencies.json", "device"), {}
    for name in (name for name in devices if not rows.has({"device": name})):
        try:
            measurer = measurer_of(name)
        except UnknownNameError as error:  # its runtime may be installed before the next call
            absent[name] = str(error)
            continue
        for row in rows.make([measurer], lambda each, name=name: _measured_on(folder, name, each, labels)):
            say(f"{row['device']}: {len(row['latencies'])} networks measured")
    return [*rows.rows, *({"device": name, "reason": reason} for name, reason in absent.items())]


def _measured_on(folder: Path, name: str, measurer: Measurer, labels: Sequence[str]) -> Row:
    paths = {label: file_of(folder, label, 0, measurer.device.precision) for label in labels}
    files = {label: path.read_bytes() for label, path in paths.items() if path.exists()}
    say(f"measuring {len(files)} networks on {name}")
    records, refused = _side_by_side(measurer, files)
    suspect = sorted({record.reason or "" for record in records.values() if record.state is RecordState.SUSPECT})
    return {
        "device": name,
        "precision": measurer.device.precision,
        "runtime": f"{measurer.device.runtime} {measurer.device.runtime_version}",
        "latencies": {label: [record.latency_ms, record.error_ms] for label, record in records.items()},
        "refused": refused,
        "suspect": suspect,
    }


def _side_by_side(measurer: Measurer, files: Mapping[str, bytes]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """Records by label, and why the device refuses the other networks."""
    try:
        return measurer.measure_networks(files), {}
    except NotMeasuredError:
        reasons = measurer.store.refusals(measurer.device, Kind.NETWORK)
        keys = {label: onnx_signature(file).key for label, file in files.items()}
        refused = {label: reasons[key] for label, key in keys.items() if key in reasons}
        if not refused:
            raise
        return measurer.measure_networks(
            {label: file for label, file in files.items() if label not in refused}
        ), refused


def trained(folder: Path, plan: Row, subjects: Sequence[Row]) -> list[Row]:
    """The rows of all trainings: one of each network, then further seeds of those that decide."""
    with executor["process"](plan["parallel"], 1) as pool:
        rows = train_all(folder, plan, subjects, [0], pool)
        if plan["seeds"] > 1:
            decide = kept(folder / "further_seeds.json", lambda: sorted(set(around(subjects, rows))))
            some = [row for row in subjects if row["label"] in decide]
            rows = train_all(folder, plan, some, range(1, plan["seeds"]), pool)
    return rows


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare what a search finds with hand-designed networks.")
    parser.add_argument("--data", default="cifar10", help="a data set as a spec names it, such as eurosat")
    parser.add_argument("--hours", type=float, default=6.0, help="of all cores")
    parser.add_argument("--evaluator", choices=("train", "supernet"), default="train", help="of the search")
    parser.add_argument("--devices", default=",".join(DEVICES), help="to measure on, with commas between them")
    parser.add_argument("--seed", type=int, default=0, help="of the search")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    found = parser.parse_args(given)
    if found.hours <= 0:
        parser.error("--hours: more than 0")
    found.devices = found.devices.split(",")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    given = arguments_of(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    plan = plan_of(given)
    cost = kept(given.out / "search.json", lambda: searched(given.out, plan))
    found = kept(given.out / "finalists.json", lambda: finalists(given.out, plan["targets_ms"]))
    subjects = [*found, *plan["references"]]
    rows = trained(given.out, plan, subjects)
    latencies = measured(given.out, given.devices, [*accuracies(rows, FP32)])
    text = "\n".join(tables(plan, cost, subjects, rows, latencies)) + "\n"
    write_whole(given.out / "headline.md", text)
    write_whole(given.out / "headline.svg", draw(plan, subjects, rows, latencies))
    print(text, end="")


if __name__ == "__main__":
    try:
        main()
    except NasError as error:
        sys.exit(f"error: {error}")
