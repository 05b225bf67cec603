"""A fresh search for another target or device over the shared weights of a run, in a folder of its own."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from nas.files import write_whole
from nas.retargeting.fresh import check_shared, fresh_spec
from nas.search.earlier import BEGAN_WITH, DIGEST, PREPARED, SHARED_START, with_known_start
from nas.spec import SearchSpec, parse_spec
from workers.folder_run.trained_run import described_run

BEGINS_WITH = (DIGEST, BEGAN_WITH, PREPARED)
"""Results of the run that it begins with: the shared weights, and what tells whether images and space are the same."""


def fresh_run(run: Path, *, device: str | None, target_ms: float | None, candidates: int) -> tuple[SearchSpec, Path]:
    """The spec of the search, and its folder in that of the run, which has the shared weights: `run` carries it out.

    The same question has the same folder. Nothing else in the folder of the run is changed. SpecError if the run has no
    shared weights, or no trial that succeeded.
    """
    values, facts = described_run(run)
    known = _result(run, PREPARED)
    file = run / known["file"] if known else None
    values["evaluator"] = with_known_start(values["evaluator"], _result(run, SHARED_START))
    check_shared(file if file and file.exists() else None, values["evaluator"]["name"])
    parent = str(run.resolve())
    asked = fresh_spec(values, facts, parent=parent, device=device, target_ms=target_ms, candidates=candidates)
    spec = parse_spec(asked)
    digest = hashlib.sha256(spec.model_dump_json().encode()).hexdigest()
    folder = run / "retargeted" / digest[:12]
    if not (folder / "results" / f"{PREPARED}.json").exists():
        (folder / "results").mkdir(parents=True, exist_ok=True)
        if file is not None:
            shutil.copyfile(file, folder / file.name)
        for name in BEGINS_WITH:
            write_whole(folder / "results" / f"{name}.json", (run / "results" / f"{name}.json").read_bytes())
    return spec, folder


def _result(run: Path, name: str) -> Any:
    path = run / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
