"""The table of estimates: recomputed from the samples, and read without them."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from math import nan
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select

from latency_db.devices.device import MEASURED
from latency_db.records.consensus import Observation, Reference, reference
from latency_db.records.record import Kind, RecordState
from latency_db.storing import tables
from latency_db.storing.rows import parts
from nas.sql.database import insert

_REFERENCE = [field.name for field in fields(Reference)]
USABLE = (RecordState.VALID, RecordState.SUSPECT)


class Value(NamedTuple):
    """What stands for a signature. spread_ms: between the sessions, or within the only one; nan if unknown."""

    ms: float
    spread_ms: float
    state: RecordState
    sessions: int


def state_of(as_of: datetime | None = None) -> ColumnElement[str]:
    """The state of a sample: that of its mark, if it had one then, or its own."""
    return case((_marked(as_of), tables.sample.c.mark), else_=tables.sample.c.state)


def _marked(as_of: datetime | None) -> ColumnElement[bool]:
    sample = tables.sample.c
    return sample.mark.is_not(None) if as_of is None else sample.marked_at <= as_of


def recompute(connection: Connection, target_id: int, signature_ids: Iterable[int]) -> None:
    """Bring the estimates of these signatures in line with their samples."""
    sample = tables.sample.c
    for ids in parts(sorted(signature_ids)):
        observed = _observed(target_id).where(sample.signature_id.in_(ids))
        rows = [
            {"target_id": target_id, "signature_id": signature_id, **_columns(found)}
            for signature_id, found in _references(connection, observed)
        ]
        if rows:
            new = insert(connection, tables.estimate)
            changed = {name: new.excluded[name] for name in rows[0] if name not in ("target_id", "signature_id")}
            keys = ["target_id", "signature_id"]
            connection.execute(new.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def values(connection: Connection, target_id: int, kind: Kind, *, as_of: datetime | None) -> dict[str, Value]:
    """By key; rejected ones are left out. All others are stale if the machine has another version of the runtime."""
    newer = superseded_by(connection, target_id, as_of)
    if as_of is not None:
        return _values_as_of(connection, target_id, kind, as_of, stale=newer is not None)
    estimate, signature = tables.estimate.c, tables.signature.c
    spread = func.coalesce(estimate.between_ms, estimate.within_ms)
    rows = connection.execute(
        select(signature.key, estimate.value_ms, spread, estimate.state, estimate.sessions)
        .join_from(tables.estimate, tables.signature)
        .where(estimate.target_id == target_id, signature.kind == kind.value)
        .where(estimate.state != RecordState.REJECTED.value)
    )
    states = {state.value: RecordState.STALE if newer else state for state in RecordState}
    return {
        key: Value(ms, nan if spread_ms is None else spread_ms, states[state], sessions)
        for key, ms, spread_ms, state, sessions in rows
    }


def superseded_by(connection: Connection, target_id: int, as_of: datetime | None = None) -> str | None:
    """The version of the runtime that the target's machine runs now, if that is another one.

    That of the newest session counts. A session that says it is from the future counts from when it arrived.
    """
    target, session = tables.target.c, tables.session.c
    mine = connection.execute(select(tables.target).where(target.id == target_id)).one()
    if mine.source != MEASURED:
        return None
    started = case((session.started_at > session.added_at, session.added_at), else_=session.started_at)
    newest = (
        select(target.runtime_version)
        .join_from(tables.session, tables.target)
        .where(target.device_id == mine.device_id, target.runtime == mine.runtime, target.source == MEASURED)
        .order_by(started.desc(), session.id.desc())
        .limit(1)
    )
    version = connection.scalar(newest if as_of is None else newest.where(session.added_at <= as_of))
    return version if version not in (None, mine.runtime_version) else None


def _values_as_of(
    connection: Connection, target_id: int, kind: Kind, as_of: datetime, *, stale: bool
) -> dict[str, Value]:
    signature = tables.signature.c
    observed = (
        _observed(target_id, as_of)
        .join(tables.signature)
        .join(tables.session)
        .where(signature.kind == kind.value, tables.session.c.added_at <= as_of)
    )
    found = dict(_references(connection, observed))
    keys: dict[int, str] = {}
    for ids in parts(list(found)):
        keys |= {row.id: row.key for row in connection.execute(select(tables.signature).where(signature.id.in_(ids)))}
    return {
        keys[signature_id]: Value(
            one.value_ms, _spread_ms(one), RecordState.STALE if stale else one.state, one.sessions
        )
        for signature_id, one in found.items()
        if one.state is not RecordState.REJECTED
    }


def _spread_ms(found: Reference) -> float:
    known = [spread for spread in (found.between_ms, found.within_ms) if spread is not None]
    return known[0] if known else nan


def _observed(target_id: int, as_of: datetime | None = None) -> Select[Any]:
    sample = tables.sample.c
    return (
        select(
            sample.signature_id,
            sample.latency_ms,
            sample.error_ms,
            sample.statistic,
            state_of(as_of).label("state"),
            case((_marked(as_of), sample.mark_reason), else_=sample.reason).label("reason"),
        )
        .select_from(tables.sample)
        .where(sample.target_id == target_id)
        .order_by(sample.signature_id, sample.id)
    )


def _references(connection: Connection, observed: Select[Any]) -> Iterator[tuple[int, Reference]]:
    for signature_id, rows in groupby(connection.execute(observed), attrgetter("signature_id")):
        yield signature_id, reference([_observation(row) for row in rows])


def _observation(row: Row[Any]) -> Observation:
    return Observation(row.latency_ms, row.error_ms, row.statistic, RecordState(row.state), row.reason)


def _columns(found: Reference) -> dict[str, Any]:
    columns = {name: getattr(found, name) for name in _REFERENCE}
    return columns | {"method": found.method.value, "state": found.state.value}
