"""Adding records: each session is stored once, however often it arrives, and updates the consensus of its models."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite, isnan

from sqlalchemy import Connection, select

from latency_db.devices.device import MEASURED
from latency_db.errors import SessionConflictError
from latency_db.records.columns import to_row
from latency_db.records.plausibility import LONGEST_MS, SHORTEST_MS, time_fault
from latency_db.records.record import LatencyRecord, MeasurementSession, RecordState
from latency_db.storing import tables
from latency_db.storing.consensus_rows import recompute
from latency_db.storing.predictions import confirm
from latency_db.storing.rows import find_signatures, find_target, parts, session_row
from nas.sql.column_types import now
from nas.sql.database import insert
from nas.sql.errors import ValueRefusedError

CLOCK_TOLERANCE = timedelta(minutes=2)

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
"""nas did not exist before: a clock with an earlier time was never set."""


def add_records(connection: Connection, records: Sequence[LatencyRecord]) -> None:
    """Store records with their sessions; records that are stored already are left as they are.

    ValueRefusedError for a latency that no model can have; SessionConflictError for a session that differs from the
    stored one with its uid.
    """
    for record in records:
        _check(record)
    sessions = _add_sessions(connection, {record.session.uid: record.session for record in records})
    signatures = find_signatures(connection, {record.signature for record in records})
    stored = _stored(connection, {session_id for session_id, _ in sessions.values()})
    new: dict[tuple[int, int], LatencyRecord] = {}
    touched: dict[int, set[int]] = defaultdict(set)
    for record in records:
        session_id, target_id = sessions[record.session.uid]
        signature_id = signatures[record.signature]
        if _is_stored(record, stored, (session_id, signature_id)):
            continue
        stored[session_id, signature_id] = record.latency_ms
        new[session_id, signature_id] = record
        touched[target_id].add(signature_id)
    target_of = dict(sessions.values())
    rows = [
        {"session_id": session_id, "target_id": target_of[session_id], "signature_id": signature_id}
        | {"error_ms": None if isnan(record.error_ms) else record.error_ms, **to_row(record)}
        for (session_id, signature_id), record in new.items()
    ]
    if rows:
        connection.execute(tables.sample.insert(), rows)
    for target_id, signature_ids in touched.items():
        recompute(connection, target_id, signature_ids)
        confirm(connection, target_id, sorted(signature_ids))


def _check(record: LatencyRecord) -> None:
    fault = None if record.state is RecordState.REJECTED else time_fault(record.latency_ms)
    if fault or not isfinite(record.latency_ms):
        raise ValueRefusedError(
            f"{record.signature.key!r}: {record.latency_ms} ms is not a latency, which is from {SHORTEST_MS:g} ms, a "
            f"tick of the clock, to {LONGEST_MS:g} ms, an hour; reject the record, or leave it out"
        )


def _is_stored(record: LatencyRecord, stored: Mapping[tuple[int, int], float], ids: tuple[int, int]) -> bool:
    """Whether the record of these ids (session, signature) is stored. SessionConflictError: with another latency."""
    if ids not in stored:
        return False
    if stored[ids] != record.latency_ms:
        raise SessionConflictError(
            f"session {record.session.uid} holds {stored[ids]} ms for {record.signature.key!r}, not "
            f"{record.latency_ms}: a session measures a model once; give each measurement a session of its own"
        )
    return True


def _add_sessions(connection: Connection, sessions: Mapping[str, MeasurementSession]) -> dict[str, tuple[int, int]]:
    """Ids of session and target by uid. The targets are locked: only one writer recomputes a target at a time."""
    ordered = sorted(sessions.values(), key=lambda session: (session.device.machine_id, session.started_at))
    targets = {session.uid: find_target(connection, session.device) for session in ordered}
    target, table = tables.target, tables.session
    connection.execute(
        select(target.c.id).where(target.c.id.in_(set(targets.values()))).order_by(target.c.id).with_for_update()
    )
    at: datetime = connection.execute(select(now())).scalar_one()
    rows = [
        session_row(_with_checked_clock(session, at)) | {"target_id": targets[session.uid], "added_at": at}
        for session in ordered
    ]
    if rows:
        connection.execute(insert(connection, table).on_conflict_do_nothing(), rows)
    found: dict[str, tuple[int, int]] = {}
    for uids in parts(list(sessions)):
        for row in connection.execute(select(table.c.uid, table.c.id, table.c.target_id).where(table.c.uid.in_(uids))):
            found[row.uid] = row.id, row.target_id
    for uid, target_id in targets.items():
        if found[uid][1] != target_id:
            raise SessionConflictError(f"session {uid} belongs to another target; give each session an id of its own")
    return found


def _with_checked_clock(session: MeasurementSession, at: datetime) -> MeasurementSession:
    """The session as it is stored: suspect if its clock is wrong; its records stay as they are."""
    ahead = session.started_at - at
    if ahead > CLOCK_TOLERANCE:
        wrong = f"clock: it arrived {ahead.total_seconds():.0f} s before it started"
    elif session.started_at < _FIRST and session.device.source == MEASURED:
        wrong = f"clock: it was at {session.started_at:%Y-%m-%d}"
    else:
        return session
    state = RecordState.SUSPECT if session.state is RecordState.VALID else session.state
    return replace(session, state=state, reason="; ".join(filter(None, (session.reason, wrong))))


def _stored(connection: Connection, session_ids: Iterable[int]) -> dict[tuple[int, int], float]:
    """Stored latencies in ms by the ids of session and signature."""
    sample = tables.sample.c
    found: dict[tuple[int, int], float] = {}
    for ids in parts(list(session_ids)):
        stored = select(sample.session_id, sample.signature_id, sample.latency_ms).where(sample.session_id.in_(ids))
        found |= {(row.session_id, row.signature_id): row.latency_ms for row in connection.execute(stored)}
    return found
