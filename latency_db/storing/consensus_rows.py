"""The table `estimate`: the consensus value of each signature on a target, recomputed whenever its samples change."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from math import log, nan
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Row, and_, case, func, select

from latency_db.devices.device import MEASURED
from latency_db.records.consensus import Consensus, Observation, consensus
from latency_db.records.record import Kind, RecordState
from latency_db.records.reference_models import FIXED_KEYS
from latency_db.robust_statistics import Values
from latency_db.storing import tables
from latency_db.storing.rows import parts
from nas.sql.database import upsert

USABLE = (RecordState.VALID, RecordState.SUSPECT)

MAX_DEVIATIONS = 1000
"""Sessions whose deviations are read; more would hardly change their quantiles."""


class Value(NamedTuple):
    """Consensus value of a signature. spread_ms: between its sessions, or within the only one; nan if unknown."""

    ms: float
    spread_ms: float
    state: RecordState
    sessions: int


def recompute(connection: Connection, target_id: int, signature_ids: Iterable[int]) -> None:
    """Update the rows of these signatures from their samples."""
    for ids in parts(sorted(signature_ids)):
        rows = [
            {"target_id": target_id, "signature_id": signature_id, **_columns(found)}
            for signature_id, found in _consensus(connection, target_id, ids)
        ]
        upsert(connection, tables.estimate, rows)


def values(connection: Connection, target_id: int, kind: Kind) -> dict[str, Value]:
    """Consensus values by key, without rejected ones. All are stale if the machine has another runtime version now."""
    newer = superseded_by(connection, target_id)
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


def session_deviations(connection: Connection, target_id: int) -> Values:
    """log(session / consensus) of the networks with several sessions, [n]; the newest MAX_DEVIATIONS."""
    sample, estimate, signature = tables.sample.c, tables.estimate.c, tables.signature.c
    same = and_(estimate.target_id == sample.target_id, estimate.signature_id == sample.signature_id)
    rows = connection.execute(
        select(sample.latency_ms, estimate.value_ms)
        .join_from(tables.sample, tables.estimate, same)
        .join(tables.signature, signature.id == sample.signature_id)
        .where(sample.target_id == target_id, signature.kind == Kind.NETWORK.value, signature.key.not_in(FIXED_KEYS))
        .where(sample.state.in_([state.value for state in USABLE]), sample.statistic == estimate.statistic)
        .where(estimate.samples > 1)
        .order_by(sample.id.desc())
        .limit(MAX_DEVIATIONS)
    ).all()
    return np.array([log(session_ms / consensus_ms) for session_ms, consensus_ms in rows], np.float64)


def superseded_by(connection: Connection, target_id: int) -> str | None:
    """The version of the runtime that the target's machine has now, if it is another one than the target's; else None.

    That is the version of the machine's newest session; one whose start is in the future counts from its arrival.
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
    version = connection.scalar(newest)
    return version if version not in (None, mine.runtime_version) else None


def _columns(found: Consensus) -> dict[str, Any]:
    return asdict(found) | {"method": found.method.value, "state": found.state.value}


def _consensus(connection: Connection, target_id: int, signature_ids: Sequence[int]) -> Iterator[tuple[int, Consensus]]:
    """The consensus of the samples of each signature, by its id."""
    sample = tables.sample.c
    columns: Sequence[Any] = (
        sample.signature_id,
        sample.latency_ms,
        sample.error_ms,
        sample.statistic,
        sample.state,
        sample.reason,
    )
    observed = (
        select(*columns)
        .where(sample.target_id == target_id, sample.signature_id.in_(signature_ids))
        .order_by(sample.signature_id, sample.id)
    )
    for signature_id, rows in groupby(connection.execute(observed), attrgetter("signature_id")):
        yield signature_id, consensus([_observation(row) for row in rows])


def _observation(row: Row[Any]) -> Observation:
    return Observation(row.latency_ms, row.error_ms, row.statistic, RecordState(row.state), row.reason)
