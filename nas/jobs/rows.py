"""Makes records of rows."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Row

from nas.jobs.records import (
    ArtifactLink,
    ArtifactRecord,
    AttemptRecord,
    Counts,
    EventRecord,
    ExportRecord,
    KeyRecord,
    LogRecord,
    SearchRecord,
    TrialRecord,
)
from nas.jobs.states import AttemptState, ExportState, SearchState, TrialState
from nas.sql.ids import trial_id

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

_COUNTED = tuple(field.name for field in fields(Counts))
_SEARCH = tuple(field.name for field in fields(SearchRecord))


def read_search(values: dict[str, Any]) -> SearchRecord:
    """values: by column of the search table; other values are ignored."""
    counts = Counts(**{name: values[name] for name in _COUNTED})
    derived: dict[str, Any] = {"state": SearchState(values["state"]), "counts": counts}
    return SearchRecord(**{name: values[name] for name in _SEARCH if name not in derived}, **derived)


def read_trial(row: Row[Any]) -> TrialRecord:
    return _read(TrialRecord, row, id=trial_id(row.search_id, row.number), state=TrialState(row.state))


def read_attempt(row: Row[Any]) -> AttemptRecord:
    return _read(AttemptRecord, row, trial=row.number, state=AttemptState(row.state))


def read_event(row: Row[Any]) -> EventRecord:
    return _read(EventRecord, row)


def read_log(row: Row[Any]) -> LogRecord:
    return _read(LogRecord, row, trial=row.number)


def read_artifact(row: Row[Any]) -> ArtifactRecord:
    return _read(ArtifactRecord, row)


def read_link(row: Row[Any]) -> ArtifactLink:
    return _read(ArtifactLink, row, trial=row.number)


def read_export(row: Row[Any]) -> ExportRecord:
    derived = {"trial_id": trial_id(row.search_id, row.number), "artifact_sha256": row.sha256}
    return _read(ExportRecord, row, state=ExportState(row.state), **derived)


def read_key(row: Row[Any]) -> KeyRecord:
    return _read(KeyRecord, row, scopes=tuple(row.scopes))


def _read(kind: type[Record], row: Row[Any], **derived: Any) -> Record:
    """A record of this kind: derived fields as given, all others from the row's columns of the same names."""
    known = {field.name: getattr(row, field.name) for field in fields(kind) if field.name not in derived}
    return kind(**known, **derived)
