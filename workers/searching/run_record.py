"""The record of a run: trials.jsonl, pareto.json and report.html, written while trials end and at the end."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

from nas.files import write_whole
from nas.machine.versions import versions
from nas.metric import front_of, suffixes
from nas.ops.notation import write_network
from nas.report import report_html
from nas.search.loop import Search
from nas.trial import State, Trial
from workers.searching.context import SearchContext


class RunRecord:
    """Writes the folder's files from the state of a search: every update_s, or only at its end."""

    def __init__(
        self,
        context: SearchContext,
        search: Search,
        facts: dict[str, Any],
        update_s: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._update_s = update_s
        self._clock = clock
        self.search = search
        self.facts = facts
        self.ranking: dict[str, Any] | None = None
        """How the networks are ranked for the choice of finalists, once they are."""
        self.baseline: dict[str, Any] | None = None
        """What random draws at equal cost have found, if the spec wants that."""
        self._devices = suffixes(context.spec.device_names)
        self._rows: dict[int, dict[str, Any]] = {}
        self._start = clock() - (context.store.known("seconds") or 0.0)  # earlier calls count
        self._written = -inf
        known = context.store.known("begun")
        self._begun = known or context.store.keep("begun", {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})

    def update(self) -> None:
        """Write the files as the search stands now, unless that was done less than update_s ago."""
        if self._update_s is not None and self._clock() - self._written >= self._update_s:
            self.flush()

    def flush(self) -> None:
        """Write the files as the search stands now, if they are to be written before its end."""
        if self._update_s is not None:
            self._write(self._record([], [], finished=False))
            self._written = self._clock()

    def finish(self, references: list[dict[str, Any]], finalists: list[dict[str, Any]]) -> dict[str, Any]:
        """Write the files for the last time; returns the record."""
        record = self._record(references, finalists, finished=True)
        self._write(record)
        return record

    def _write(self, record: dict[str, Any]) -> None:
        self._context.store.keep("seconds", record["seconds"])
        ended = (row for row in record["trials"] if row["state"] != State.RUNNING)
        by_number = {row["number"]: row for row in record["trials"]}
        fronts = record.get("fronts", {"": record["front"]}).values()
        points = [by_number[number] for number in dict.fromkeys(number for front in fronts for number in front)]
        pareto = {name: record[name] for name in ("finished", "dataset", "device", "objective", "front")}
        pareto |= {name: record[name] for name in ("devices", "fronts", "evaluator") if name in record}
        shown = ("ranking", "baseline", "references", "finalists")
        pareto |= {"points": points} | {name: record[name] for name in shown}
        texts = {
            "trials.jsonl": "".join(json.dumps(row) + "\n" for row in ended),
            "pareto.json": json.dumps(pareto, indent=1) + "\n",
            "report.html": report_html(record),
        }
        for name, text in texts.items():
            write_whole(self._context.store.path / name, text)
            if record["finished"]:
                self._context.store.publish(name.partition(".")[0], name)

    def _record(
        self, references: list[dict[str, Any]], finalists: list[dict[str, Any]], *, finished: bool
    ) -> dict[str, Any]:
        trials = [self.search.trials[number] for number in sorted(self.search.trials)]
        done = [trial for trial in trials if trial.state is State.SUCCEEDED]
        fronts = {device: _front(done, (f"latency_ms{suffix}", "accuracy")) for device, suffix in self._devices.items()}
        return {
            "spec": self._context.spec.model_dump(mode="json"),
            "finished": finished,
            "created": self._begun["at"],
            "seconds": round(self._clock() - self._start, 1),
            "versions": versions(),
            **self.facts,
            "trials": [self._row(trial) for trial in trials],
            "refused": self.search.refused,
            "front": next(iter(fronts.values())),
            **({"fronts": fronts} if len(fronts) > 1 else {}),
            "ranking": self.ranking,
            "baseline": self.baseline,
            "references": references,
            "finalists": finalists,
        }

    def _row(self, trial: Trial) -> dict[str, Any]:
        """The trial as a row, made once for one that is finished and does not go on."""
        known = self._rows.get(trial.number)
        if known is None or known["state"] in {State.RUNNING, State.PRUNED}:
            self._rows[trial.number] = _row(trial)
        return self._rows[trial.number]


def _front(trials: list[Trial], names: Sequence[str]) -> list[int]:
    """The numbers of the trials on a front."""
    return [trials[index].number for index in front_of([trial.metrics for trial in trials], names)]


def _row(trial: Trial) -> dict[str, Any]:
    architecture = trial.candidate.architecture
    return {
        "number": trial.number,
        "id": architecture.id,
        "state": trial.state.value,
        "metrics": dict(trial.metrics),
        "reward": trial.reward,
        "reason": trial.reason,
        "reused": trial.reused,
        "choices": dict(trial.candidate.choices),
        "notation": write_network(architecture.expand()),
        "architecture": architecture.to_dict(),
    }
