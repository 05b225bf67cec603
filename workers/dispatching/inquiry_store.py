"""What an inquiry of the service keeps: in its row of the ledger, and as trainings that all searches share."""

from pathlib import Path
from typing import Any

from nas.jobs.inquiries.record import InquiryLease
from nas.jobs.ledger import Ledger
from nas.jobs.records import Json, TrainingKey
from nas.service.artifact_store import ArtifactStore
from nas.service.teachers import known_teacher
from workers.dispatching.ledger_store import StoppedError, cached_training


class InquiryStore:
    """A ResultStore. Every call raises StoppedError once stop() was called; keep raises FencedError once another
    dispatcher has the inquiry.
    """

    def __init__(self, ledger: Ledger, lease: InquiryLease, artifacts: ArtifactStore, path: Path) -> None:
        self._ledger, self._lease, self._artifacts, self._path = ledger, lease, artifacts, path
        self._kept = ledger.inquiries.kept(lease)
        self._stopped = False
        path.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        self._stopped = True

    def go_on(self) -> None:
        """StoppedError if the inquiry is to stop."""
        if self._stopped:
            raise StoppedError

    @property
    def path(self) -> Path:
        return self._path

    def known(self, name: str) -> Any:
        self.go_on()
        return self._kept.get(name)

    def keep(self, name: str, value: Any) -> Any:
        self.go_on()
        self._kept[name] = value
        self._ledger.inquiries.keep(self._lease, self._kept)
        return value

    def paces(self) -> list[Json]:
        self.go_on()
        return self._ledger.paces()

    def cached_training(self, key: TrainingKey) -> dict[str, Any] | None:
        self.go_on()
        return cached_training(self._ledger, self._artifacts, key)

    def store_training(self, key: TrainingKey, metrics: dict[str, Any], model: bytes | None = None) -> None:
        self.go_on()
        if model is not None:
            sha256, _ = self._artifacts.add(model)
            metrics = {**metrics, "model": sha256}
        self._ledger.trainings.put(key, metrics)

    def shared_state(self, key: TrainingKey) -> bytes | None:
        found = self.cached_training(key)
        return self._artifacts.path(found["model"]).read_bytes() if found else None

    def share_state(self, key: TrainingKey, content: bytes) -> None:
        self.store_training(key, {}, content)

    def fetch(self, name: str, sha256: str) -> Path | None:  # noqa: ARG002 - its name tells a file of a folder
        path = self._path / name
        return path if path.exists() else None

    def teacher_file(self, model: str) -> Path | None:
        return known_teacher(self._artifacts, model)

    def publish(self, kind: str, name: str, trial: int | None = None) -> None:
        """Nothing to do: an inquiry has no files for users. On another machine they are made again."""
