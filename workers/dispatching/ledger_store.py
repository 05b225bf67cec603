"""The progress store of a search in the service: the ledger and the artifact folder, as long as its lease holds."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nas.files import write_whole
from nas.jobs.errors import NotFoundError
from nas.jobs.ledger import Ledger
from nas.jobs.owner import SearchOwner
from nas.jobs.records import Json, TrainingKey
from nas.search.earlier import EarlierSearch
from nas.service.artifact_store import ArtifactStore
from nas.service.earlier_searches import earlier_files, earlier_searches
from nas.service.teachers import known_teacher
from nas.spec import SearchSpec

MODEL = "application/octet-stream"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".gz": "application/gzip",
}
"""Media types of files that are not models."""


class StoppedError(Exception):
    """The search was stopped from outside: paused, cancelled, or given up by this dispatcher."""


class LedgerStore:
    """Every call raises StoppedError once stop() was called, and FencedError once another dispatcher has the search."""

    def __init__(self, ledger: Ledger, owner: SearchOwner, artifacts: ArtifactStore, path: Path) -> None:
        self._ledger, self._owner, self._artifacts, self._path = ledger, owner, artifacts, path
        self._stopped = False
        path.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        self._stopped = True

    @property
    def owner(self) -> SearchOwner:
        if self._stopped:
            raise StoppedError
        return self._owner

    @property
    def path(self) -> Path:
        return self._path

    @property
    def journal(self) -> "LedgerStore":
        return self

    def events(self) -> Iterable[Mapping[str, Any]]:
        return self.owner.events()

    def add(self, event: Mapping[str, Any]) -> None:
        self.owner.add(event)

    def known(self, name: str) -> Any:
        return self.owner.known(name)

    def keep(self, name: str, value: Any) -> Any:
        if name == "facts":
            self.owner.facts(value, value["objective"]["target_latency_ms"])
        else:
            self.owner.keep(name, value)
        return value

    def paces(self) -> list[Json]:
        return self._ledger.paces()

    def earlier(self, spec: SearchSpec, recipe: Sequence[Any]) -> tuple[list[EarlierSearch], list[str]]:
        return earlier_searches(self._ledger, self.owner.lease.search_id, spec, recipe)

    def earlier_files(self, spec: SearchSpec) -> Iterable[tuple[str, bytes]]:
        return earlier_files(self._ledger, self._artifacts, self.owner.lease.search_id, spec)

    def cached_training(self, key: TrainingKey) -> dict[str, Any] | None:
        found = cached_training(self._ledger, self._artifacts, key)
        if found and "model" in found:
            return {**found, "model": self._artifacts.path(found["model"]).read_bytes()}
        return found

    def store_training(self, key: TrainingKey, metrics: dict[str, Any], model: bytes | None = None) -> None:
        if model is not None:
            sha256, _ = self._artifacts.add(model)
            metrics = {**metrics, "model": sha256}
        self._ledger.trainings.put(key, metrics)

    def shared_state(self, key: TrainingKey) -> bytes | None:
        found = self.cached_training(key)
        return found["model"] if found else None

    def share_state(self, key: TrainingKey, content: bytes) -> None:
        self.store_training(key, {}, content)

    def fetch(self, name: str, sha256: str) -> Path | None:
        path = self._path / name
        if not path.exists():
            try:
                write_whole(path, self._artifacts.path(sha256).read_bytes())
            except NotFoundError:
                return None
        return path

    def teacher_file(self, model: str) -> Path | None:
        return known_teacher(self._artifacts, model)

    def publish(self, kind: str, name: str, trial: int | None = None) -> None:
        file = self._path / name
        sha256, size_bytes = self._artifacts.add(file)
        self.owner.attach(kind, name, MEDIA_TYPES.get(file.suffix, MODEL), sha256, size_bytes, trial)


def cached_training(ledger: Ledger, artifacts: ArtifactStore, key: TrainingKey) -> dict[str, Any] | None:
    """The result of an earlier training. None if there is none, or if the file whose digest is "model" is missing."""
    found = ledger.trainings.get(key)
    if found and "model" in found:
        try:
            artifacts.path(found["model"])
        except NotFoundError:
            return None
    return found
