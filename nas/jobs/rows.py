"""Reads rows of the ledger, and makes records of them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Row, Select, select

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
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
from nas.jobs.states import ACTIVE, WAITING, AttemptState, ExportState, SearchState, TrialState
from nas.sql.column_types import now
from nas.sql.database import Database
from nas.sql.ids import split_trial_id, trial_id

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

_COUNTED = tuple(field.name for field in fields(Counts))
_SEARCH = tuple(field.name for field in fields(SearchRecord))


class LedgerPart:
    """The records of one kind in the ledger's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _one(self, wanted: Select[Any], what: str) -> Row[Any]:
        """The only row of the query. NotFoundError, with what was wanted, if there is none."""
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            raise NotFoundError(f"no {what}")
        return found

    def _all(self, wanted: Select[Any]) -> Sequence[Row[Any]]:
        """All rows of the query."""
        with self._database.reading() as connection:
            return connection.execute(wanted).all()


def trial_key(trial_id: str) -> tuple[str, int]:
    """The search's id and the trial's number. NotFoundError if the text is not the id of a trial."""
    key = split_trial_id(trial_id)
    if key is None:
        raise NotFoundError(f"no trial {trial_id}")
    return key


LEFT, PACE, RANKING, BASELINE = "left", "pace", "ranking", "baseline"
"""Names of results: the time that is left of a search, and the pace from which later ones are forecast."""

_left = tables.result.c
_of_left = select(_left.value).where(_left.search_id == tables.search.c.id, _left.name == LEFT)
SEARCHES = select(tables.search, now().label("now"), _of_left.scalar_subquery().label(LEFT))
"""What read_search reads."""

FREE_DISPATCHER = "a free dispatcher"


def ownerless(values: dict[str, Any]) -> bool:
    """Whether a search is to be carried out, and no dispatcher has a lease on it. values: as read_search has them."""
    until, at = values["lease_until"], values["now"]
    return values["state"] in ACTIVE and not (until and at < until <= at + timedelta(seconds=tables.LEASE_S))


def waiting(values: dict[str, Any], what: str) -> dict[str, Any]:
    """Phase and progress of a search of which nothing runs; what: it waits for."""
    done = values["succeeded"] + values["failed"] + values["pruned"]
    return {"phase": WAITING, "progress": {"what": what, "done": done, "total": values["max_trials"]}}


def read_search(values: dict[str, Any]) -> SearchRecord:
    """values: by column of SEARCHES; other values are ignored."""
    counts = Counts(**{name: values[name] for name in _COUNTED})
    derived: dict[str, Any] = {"state": SearchState(values["state"]), "counts": counts}
    if ownerless(values):
        derived |= waiting(values, FREE_DISPATCHER)
    return SearchRecord(**{name: values[name] for name in _SEARCH if name not in derived}, **derived)


def values_as_made(values: Mapping[str, Any], created: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a search had when it was made. values: those of now; created: the data of its first event."""
    empty = dict.fromkeys(SEARCHES.selected_columns.keys())
    zeros = {column.name: 0 for column in tables.search.c if column.server_default is not None}
    kept = {name: values[name] for name in ("id", "spec", "created_at", "now")}
    begun = {"state": SearchState.QUEUED.value, "transition_at": values["created_at"], "version": 1, "last_seq": 1}
    return {**empty, **zeros, **kept, **begun, **created, "max_trials": values["spec"]["max_trials"]}


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
