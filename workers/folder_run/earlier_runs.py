"""Folders of earlier runs that another one begins with. They are read, and not changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nas.errors import NasError, SpecError
from nas.search.earlier import AUTO, BEGAN_WITH, DIGEST, EVALUATOR, EarlierSearch, same_decisions
from nas.spec import SearchSpec
from nas.trial import State
from workers.searching.finalists.files import network_file


def check_earlier(spec: SearchSpec, spec_folder: Path, out: Path) -> None:
    """SpecError, with the reason, if a folder of spec.warm_start is not that of a run of the space with results.

    spec_folder: where they are relative to. out: the folder of the run that begins with them.
    """
    for place, name in enumerate(spec.warm_start):
        field, path = f"warm_start.{place}", spec_folder / name
        if name == AUTO:
            raise SpecError(f"{field}: {AUTO} is of a service, which knows its searches; name folders of runs")
        if not (path / "spec.json").exists():
            raise SpecError(f"{field}: {path} is not the folder of a run, which has a spec.json")
        if path.resolve() == out.resolve():
            raise SpecError(f"{field}: {path} is the folder of this run itself; leave it out")
        space = _json(path / "spec.json")["space"]
        if not same_decisions(space, spec.space):
            named = space if isinstance(space, str) else space.get("name")
            raise SpecError(f"{field}: the run in {path} is of another space, {named}; leave it out")
        if not any(_trainings(path)):
            raise SpecError(f"{field}: the run in {path} has no trial that succeeded yet; leave it out")


def earlier_runs(spec: SearchSpec, spec_folder: Path) -> tuple[list[EarlierSearch], list[str]]:
    """The runs in the folders of spec.warm_start, and the folders that are gone meanwhile."""
    folders = {name: spec_folder / name for name in spec.warm_start}
    gone = [name for name, path in folders.items() if not (path / "spec.json").exists()]
    return [_run(name, path) for name, path in folders.items() if name not in gone], gone


def earlier_files(spec: SearchSpec, spec_folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of finalists of the runs in the folders of spec.warm_start, as they were trained, with their paths."""
    for name in spec.warm_start:
        for row in _result(spec_folder / name, "finalists") or ():
            path = spec_folder / name / network_file(row["id"])
            if path.exists():
                yield str(path), path.read_bytes()


def _run(name: str, path: Path) -> EarlierSearch:
    began_with = _result(path, BEGAN_WITH) or {}
    return EarlierSearch(name, name, _result(path, DIGEST), began_with.get(EVALUATOR), list(_trainings(path)))


def _trainings(path: Path) -> Iterator[dict[str, Any]]:
    """By the journal's whole lines, as the run may be under way."""
    journal = path / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
    asked: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            raise NasError(f"{journal} is damaged; leave the run out of warm_start") from None
        if event["event"] == "asked":
            asked[event["trial"]] = event
        elif event["event"] == "told" and event["state"] == State.SUCCEEDED:
            trial = asked[event["trial"]]
            yield {"choices": trial["choices"], "id": trial["architecture_id"], "metrics": event["metrics"]}


def _result(path: Path, name: str) -> Any:
    file = path / "results" / f"{name}.json"
    return _json(file) if file.exists() else None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise NasError(f"{path} is damaged; leave the run out of warm_start") from None
