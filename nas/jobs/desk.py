"""All that the owner of a search writes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nas.jobs.ledger import Ledger
from nas.jobs.records import File, Lease, SearchRecord, TrainingKey


class Desk:
    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        raise NotImplementedError

    def events(self) -> list[Mapping[str, Any]]:
        raise NotImplementedError

    def add(self, line: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def told(
        self,
        line: Mapping[str, Any],
        training: tuple[TrainingKey, Mapping[str, float]] | None = None,
        *,
        reused: bool | None = None,
    ) -> None:
        """reused: as the line says if None."""
        raise NotImplementedError

    def started(self, number: int, worker: str) -> int:
        raise NotImplementedError

    def lost(self, number: int, reason: str) -> None:
        raise NotImplementedError

    def epochs(self, rows: Sequence[tuple[int, int, Mapping[str, float]]]) -> None:
        raise NotImplementedError

    def log(self, rows: Sequence[tuple[int | None, str]]) -> None:
        raise NotImplementedError

    def known(self, name: str) -> Any:
        raise NotImplementedError

    def keep(self, name: str, value: Any) -> Any:
        raise NotImplementedError

    def note(self, text: str) -> None:
        raise NotImplementedError

    def phase(self, phase: str | None) -> None:
        raise NotImplementedError

    def progress(self, what: str, done: int, total: int) -> None:
        raise NotImplementedError

    def facts(self, facts: Mapping[str, Any], target_latency_ms: float | None) -> None:
        raise NotImplementedError

    def attach(
        self, kind: str, file: str, media_type: str, sha256: str, size_bytes: int, trial: int | None = None
    ) -> None:
        raise NotImplementedError

    def shown(self, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """kind: references or finalists; kept under that name, and an event."""
        raise NotImplementedError

    def end(self, state: str, reason: str | None = None, message: str | None = None) -> SearchRecord:
        raise NotImplementedError
