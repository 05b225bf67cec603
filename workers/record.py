"""The record of a run, from which trials.jsonl, pareto.json and report.html are written as it goes and at its end."""

import json
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from inspect import getdoc
from typing import Any

from latency_db.records import Statistic
from nas.loop import Search
from nas.objective import objective as objectives
from nas.ops.notation import write_network
from nas.pareto import front
from nas.report import report_html
from nas.space import SearchSpace
from nas.trial import State, Trial
from workers.bench import Bench

UPDATE_S = 5.0
"""How often the files are written while trials come in."""

NOT_STEERING = (
    "The target latency is a constant factor of this reward, as alpha = beta: every target has the same winner. "
    "Set beta below alpha, or use the objective `constrained` or `tunas`, to steer to the target."
)


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    return {name: version(name) for name in ("nas", "torch", "onnxruntime", "onnx")} | {
        "python": platform.python_version()
    }


class RunRecord:
    """Writes the folder's files from the state of a search."""

    def __init__(self, bench: Bench, space: SearchSpace, search: Search) -> None:
        self._bench = bench
        self._space = space
        self._search = search
        self._rows: dict[int, dict[str, Any]] = {}
        self._start = time.monotonic() - (bench.folder.known("seconds") or 0.0)  # earlier calls count
        self._written = 0.0
        known = bench.folder.known("begun")
        self._begun = known or bench.folder.keep("begun", {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})

    def update(self) -> None:
        """Write the files, unless they were written a moment ago."""
        if time.monotonic() - self._written >= UPDATE_S:
            self.write()

    def write(self) -> None:
        """Write the files as the search stands now."""
        self._write(self._record([], [], finished=False))
        self._written = time.monotonic()

    def finish(self, references: list[dict[str, Any]], finalists: list[dict[str, Any]]) -> dict[str, Any]:
        """Write the files for the last time; returns the record."""
        record = self._record(references, finalists, finished=True)
        self._write(record)
        return record

    def _write(self, record: dict[str, Any]) -> None:
        folder = self._bench.folder
        folder.keep("seconds", record["seconds"])
        folder.write_lines("trials.jsonl", (row for row in record["trials"] if row["state"] != State.RUNNING))
        by_number = {row["number"]: row for row in record["trials"]}
        points = [by_number[number] for number in record["front"]]
        pareto = {name: record[name] for name in ("finished", "dataset", "device", "objective", "front")}
        pareto |= {"points": points, "references": record["references"], "finalists": record["finalists"]}
        folder.write("pareto.json", json.dumps(pareto, indent=1) + "\n")
        folder.write("report.html", report_html(record))

    def _record(
        self, references: list[dict[str, Any]], finalists: list[dict[str, Any]], *, finished: bool
    ) -> dict[str, Any]:
        trials = [self._search.trials[number] for number in sorted(self._search.trials)]
        done = [trial for trial in trials if trial.state is State.SUCCEEDED]
        best = front([(trial.metrics["latency_ms"], trial.metrics["accuracy"]) for trial in done])
        return {
            "spec": self._bench.spec.model_dump(mode="json"),
            "finished": finished,
            "created": self._begun["at"],
            "seconds": round(time.monotonic() - self._start, 1),
            "versions": versions(),
            "dataset": self._dataset(),
            "space": {"name": self._space.name, "size": self._space.size()},
            "device": self._device(),
            "objective": self._objective(),
            "trials": [self._row(trial) for trial in trials],
            "refused": self._search.refused,
            "front": [done[index].number for index in best],
            "references": references,
            "finalists": finalists,
        }

    def _row(self, trial: Trial) -> dict[str, Any]:
        """The trial as a row, made once for one that is finished."""
        if trial.number not in self._rows or self._rows[trial.number]["state"] == State.RUNNING:
            self._rows[trial.number] = _row(trial)
        return self._rows[trial.number]

    def _dataset(self) -> dict[str, Any]:
        images = self._bench.images
        return {
            "name": images.name,
            "classes": list(images.classes),
            "train": len(images.train),
            "validation": len(images.validation),
            "test": len(images.test),
            "side": images.side,
            "channels": images.channels,
            "digest": images.digest,
        }

    def _device(self) -> dict[str, Any]:
        device = self._bench.estimator.device
        return {
            "name": device.name,
            "runtime": device.runtime,
            "runtime_version": device.runtime_version,
            "precision": device.precision,
            "threads": device.threads,
            "cpu": device.fingerprint["cpu"],
            "statistic": Statistic.of(device).meaning,
        }

    def _objective(self) -> dict[str, Any]:
        objective = self._search.objective
        given = {**self._bench.spec.objective, "target_latency_ms": objective.target_latency_ms}
        name = given.pop("name")
        return {
            "name": name,
            **objectives.parameters(name).model_validate(given).model_dump(),
            "steers": objective.steers,
            "formula": (getdoc(type(objective)) or objective.name).splitlines()[0],
            "note": None if objective.steers else NOT_STEERING,
        }


def _row(trial: Trial) -> dict[str, Any]:
    architecture = trial.candidate.architecture
    return {
        "number": trial.number,
        "id": architecture.id,
        "state": trial.state.value,
        "metrics": dict(trial.metrics),
        "reward": trial.reward,
        "reason": trial.reason,
        "choices": dict(trial.candidate.choices),
        "notation": write_network(architecture.expand()),
        "architecture": architecture.to_dict(),
    }
