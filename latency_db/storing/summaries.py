"""Counts of what the database holds on each target, from the tables `estimate` and `session`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from latency_db.devices.device import Device
from latency_db.records.record import Kind, RecordState
from latency_db.records.reference_models import FIXED_KEYS
from latency_db.storing import tables
from latency_db.storing.consensus_rows import superseded_by
from latency_db.storing.rows import read_device


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """What the database holds on a target, without the fixed models of every session.

    states: number of estimates by state. superseded_by: the version of the runtime that the machine has now, if it is
    another one; all estimates that are not rejected are stale in that case. former_names: names it had before.
    """

    device: Device
    kernels: int
    networks: int
    samples: int
    sessions: int
    suspect_sessions: int
    last_measured_at: datetime | None
    states: Mapping[RecordState, int]
    statistics: tuple[str, ...]
    licences: tuple[str, ...]
    former_names: tuple[str, ...]
    superseded_by: str | None


def summaries(connection: Connection) -> list[TargetSummary]:
    """Summaries of all targets, in the order in which they were first measured."""
    joined = select(tables.target, tables.device.c.machine).join(tables.device).order_by(tables.target.c.id)
    return [_summary(connection, row) for row in connection.execute(joined).all()]


def _summary(connection: Connection, row: Row[Any]) -> TargetSummary:
    estimate, signature = tables.estimate.c, tables.signature.c
    counted = connection.execute(
        select(
            signature.kind,
            estimate.state,
            estimate.statistic,
            func.count().label("estimates"),
            func.sum(estimate.samples).label("samples"),
        )
        .join_from(tables.estimate, tables.signature)
        .where(estimate.target_id == row.id, signature.key.not_in(FIXED_KEYS))
        .group_by(signature.kind, estimate.state, estimate.statistic)
    ).all()
    session = tables.session.c
    sessions = connection.execute(
        select(session.state, session.name, session.licence, func.count(), func.max(session.started_at))
        .where(session.target_id == row.id)
        .group_by(session.state, session.name, session.licence)
    ).all()
    newer = superseded_by(connection, row.id)
    states = dict.fromkeys(RecordState, 0)
    for counts in counted:
        state = RecordState(counts.state)
        states[RecordState.STALE if newer and state is not RecordState.REJECTED else state] += counts.estimates
    return TargetSummary(
        device=read_device(row),
        kernels=sum(counts.estimates for counts in counted if counts.kind == Kind.KERNEL),
        networks=sum(counts.estimates for counts in counted if counts.kind == Kind.NETWORK),
        samples=int(sum(counts.samples for counts in counted)),
        sessions=sum(count for *_, count, _ in sessions),
        suspect_sessions=sum(count for state, *_, count, _ in sessions if state != RecordState.VALID),
        last_measured_at=max((at for *_, at in sessions), default=None),
        states=states,
        statistics=tuple(sorted({counts.statistic for counts in counted})),
        licences=tuple(sorted({licence for _, _, licence, *_ in sessions if licence})),
        former_names=tuple(sorted({name for _, name, *_ in sessions} - {row.name})),
        superseded_by=newer,
    )
