"""The folder of a run as what it has trained, for questions about other targets and devices."""

import json
from pathlib import Path
from typing import Any

from nas.errors import NasError, SpecError
from nas.retargeting.trained import TrainedRow, TrainedSearch
from nas.trial import State


def trained_run(folder: Path) -> TrainedSearch:
    """What the run in the folder has trained; the run may be under way.

    SpecError if it is no folder of a run, or no trial of it has succeeded yet.
    """
    spec, facts = described_run(folder)
    trials = folder / "trials.jsonl"
    lines = trials.read_text(encoding="utf-8").splitlines() if trials.exists() else []
    rows = [row for row in (_read(line, trials) for line in lines) if row["state"] == State.SUCCEEDED]
    if not rows:
        raise SpecError(f"no trial of the run in {folder} has succeeded yet; wait for one")
    results = {file.stem: _json(file) for file in (folder / "results").glob("repeat-*.json")}
    found = [TrainedRow(row["number"], row["choices"], row["metrics"], row["reward"]) for row in rows]
    return TrainedSearch.of(spec, facts, found, results)


def described_run(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The spec of the run in a folder, and what was found of its images and devices. SpecError as trained_run says."""
    if not (folder / "spec.json").exists():
        raise SpecError(f"{folder} is not the folder of a run, which has a spec.json")
    if not (folder / "pareto.json").exists():
        raise SpecError(f"no trial of the run in {folder} has succeeded yet; wait for one")
    return _json(folder / "spec.json"), _json(folder / "pareto.json")


def _json(path: Path) -> Any:
    return _read(path.read_text(encoding="utf-8"), path)


def _read(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise NasError(f"{path} is damaged; call `nas run` on the folder again, which writes it anew") from None
