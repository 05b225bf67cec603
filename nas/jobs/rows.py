"""Rows as records."""

from typing import Any

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

COUNTED = ("trials", "queued", "running", "succeeded", "failed", "cancelled", "refused", "reused")
_KEPT_BACK = frozenset({*COUNTED, "owner", "epoch", "lease_until", "log_lines", "now"})


def read_search(values: dict[str, Any]) -> SearchRecord:
    """values: by column of the search table; others are left out."""
    shown = {name: value for name, value in values.items() if name not in _KEPT_BACK}
    counts = Counts(**{name: values[name] for name in COUNTED})
    return SearchRecord(**shown | {"state": SearchState(values["state"]), "counts": counts})


def read_trial(row: Row[Any]) -> TrialRecord:
    return TrialRecord(
        id=trial_id(row.search_id, row.number),
        search_id=row.search_id,
        number=row.number,
        state=TrialState(row.state),
        architecture_id=row.architecture_id,
        notation=row.notation,
        choices=row.choices,
        architecture=row.architecture,
        metrics=row.metrics,
        reward=row.reward,
        reason=row.reason,
        reused=row.reused,
        on_front=row.on_front,
        attempts=row.attempts,
        seq=row.seq,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def read_attempt(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(
        search_id=row.search_id,
        trial=row.number,
        attempt=row.attempt,
        epoch=row.epoch,
        worker=row.worker,
        state=AttemptState(row.state),
        reason=row.reason,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def read_event(row: Row[Any]) -> EventRecord:
    return EventRecord(search_id=row.search_id, seq=row.seq, type=row.type, at=row.at, data=row.data)


def read_log(row: Row[Any]) -> LogRecord:
    return LogRecord(n=row.n, at=row.at, trial=row.number, text=row.text)


def read_artifact(row: Row[Any]) -> ArtifactRecord:
    return ArtifactRecord(row.sha256, row.size_bytes, row.media_type, row.created_at)


def read_link(row: Row[Any]) -> ArtifactLink:
    return ArtifactLink(
        search_id=row.search_id,
        trial=row.number,
        kind=row.kind,
        file=row.file,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
    )


def read_export(row: Row[Any]) -> ExportRecord:
    return ExportRecord(
        id=row.id,
        trial_id=trial_id(row.search_id, row.number),
        format=row.format,
        epochs=row.epochs,
        state=ExportState(row.state),
        reason=row.reason,
        artifact_sha256=row.sha256,
        file=row.file,
        metrics=row.metrics,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def read_key(row: Row[Any]) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
