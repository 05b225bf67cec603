"""The progress store of `nas run`: a folder with the spec, the journal, results, and the files for the user."""

import fcntl
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from latency_db.storing.location import default_location, file_of
from nas.errors import NasError, SpecError
from nas.files import write_whole
from nas.jobs.records import Json, TrainingKey
from nas.jobs.rows import PACE
from nas.machine.folders import data_folder
from nas.search.earlier import EarlierSearch
from nas.search.journal import FileJournal
from nas.spec import SearchSpec
from workers.folder_run.earlier_runs import earlier_files, earlier_runs
from workers.searching.preparation import shared_path

MOST_PACES = 20


class RunFolder:
    """The folder of a run, locked by one process at a time. The same spec in the same folder resumes the run.

    So does one with more trials, also after the run has ended. SpecError if the folder has anything of another spec;
    NasError if another process holds it. spec_folder: where the folders of spec.warm_start are relative to.
    """

    def __init__(self, path: Path, spec: SearchSpec, spec_folder: Path = Path()) -> None:
        self.path, self._spec_folder = path, spec_folder
        path.mkdir(parents=True, exist_ok=True)
        self._lock = (path / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise NasError(f"{path} is in use by another run; wait for it, or choose another --out") from None
        try:
            self.journal = FileJournal(path / "journal.jsonl")
            self._hold(spec)
        except BaseException:
            self._lock.close()
            raise

    def _hold(self, spec: SearchSpec) -> None:
        ours = spec.model_dump(mode="json")
        known = self.path / "spec.json"
        begun = self.journal.events() or (self.path / "results").exists()
        if not known.exists() or not begun:  # a spec that was refused before it began may be corrected
            write_whole(known, json.dumps(ours, indent=2) + "\n")
            return
        theirs = _read(known)
        if theirs["max_trials"] < ours["max_trials"] and theirs | {"max_trials": ours["max_trials"]} == ours:
            write_whole(known, json.dumps(ours, indent=2) + "\n")  # it goes on with more trials
            return
        changed = sorted(field for field in {*ours, *theirs} if ours.get(field) != theirs.get(field))
        if changed:
            other = f"{', '.join(changed)}{_more(theirs, changed)}"
            raise SpecError(f"{self.path} is of a run with another {other}; choose another --out, or remove the folder")

    def known(self, name: str) -> Any:
        """The JSON value kept under this name, or None."""
        path = self._result(name)
        return _read(path) if path.exists() else None

    def keep(self, name: str, value: Any) -> Any:
        """Keep a JSON value for the next call on this folder; returns it."""
        write_whole(self._result(name), json.dumps(value, indent=1) + "\n")
        if name == PACE:
            paces_file().parent.mkdir(parents=True, exist_ok=True)
            write_whole(paces_file(), json.dumps([value, *self.paces()][:MOST_PACES], indent=1) + "\n")
        return value

    def paces(self) -> list[Json]:
        """The paces of earlier runs on this machine, the newest first."""
        return _read(paces_file()) if paces_file().exists() else []

    def _result(self, name: str) -> Path:
        return self.path / "results" / f"{name}.json"

    def earlier(self, spec: SearchSpec, recipe: Sequence[Any]) -> tuple[list[EarlierSearch], list[str]]:  # noqa: ARG002 - folders are named one by one
        return earlier_runs(spec, self._spec_folder)

    def earlier_files(self, spec: SearchSpec) -> Iterable[tuple[str, bytes]]:
        return earlier_files(spec, self._spec_folder)

    def cached_training(self, key: TrainingKey) -> None:
        """None: a folder has no other searches."""

    def store_training(self, key: TrainingKey, metrics: dict[str, Any], model: bytes | None = None) -> None:
        """Nothing to do: keep() has stored the result."""

    def shared_state(self, key: TrainingKey) -> bytes | None:
        """What an earlier run on this machine prepared, from the user's cache."""
        path = shared_path(key, "bin")
        return path.read_bytes() if path.exists() else None

    def share_state(self, key: TrainingKey, content: bytes) -> None:
        write_whole(shared_path(key, "bin"), content)

    def fetch(self, name: str, sha256: str) -> Path | None:  # noqa: ARG002 - its name tells a file of a folder
        path = self.path / name
        return path if path.exists() else None

    def teacher_file(self, model: str) -> Path | None:
        path = Path(model)
        return path if path.exists() else None

    def publish(self, kind: str, name: str, trial: int | None = None) -> None:
        """Nothing to do: the user reads files in the folder."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()


def paces_file() -> Path:
    """Where the paces of this machine's runs are: beside its latency database, or in the folder for data."""
    latencies = file_of(default_location())
    return (latencies.parent if latencies else data_folder()) / "paces.json"


def _more(theirs: Json, changed: Sequence[str]) -> str:
    """What may be changed in the spec of a run, where that is not what was changed."""
    return f" ({theirs['max_trials']}; it can only be raised)" if list(changed) == ["max_trials"] else ""


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise NasError(f"{path} is damaged; remove it, and its content is computed again") from None
