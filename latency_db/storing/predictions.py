"""The log of predictions: predicted latencies of networks, and what was measured for them later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from latency_db.devices.device import Device
from latency_db.records.record import Kind, Signature
from latency_db.storing import tables
from latency_db.storing.consensus_rows import USABLE
from latency_db.storing.rows import find_signatures, find_target, parts
from nas.sql.column_types import now

_prediction = tables.prediction.c
_LOGGED = ("predicted_ms", "low_ms", "high_ms", "measured_share", "interpolated_share", "learned_share", "source")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A network's predicted latency with its interval, and the latency measured later.

    measured_share, interpolated_share and learned_share are the parts of the prediction that rest on measured kernels,
    on interpolated ones, and on whole networks; they add up to 1. source: of the prediction. at: when it was logged,
    None before. measured_ms: consensus latency after the first later session, at measured_at; None before.
    """

    signature: Signature
    predicted_ms: float
    low_ms: float
    high_ms: float
    measured_share: float
    interpolated_share: float
    learned_share: float
    source: str
    at: datetime | None = None
    measured_ms: float | None = None
    measured_at: datetime | None = None


def log(connection: Connection, device: Device, predictions: Sequence[Prediction]) -> None:
    """Add predictions, all with the same time."""
    target_id = find_target(connection, device)
    signatures = find_signatures(connection, {prediction.signature for prediction in predictions})
    at: datetime = connection.execute(select(now())).scalar_one()
    rows = [
        {"target_id": target_id, "signature_id": signatures[one.signature], "at": at}
        | {name: getattr(one, name) for name in _LOGGED}
        for one in predictions
    ]
    if rows:
        connection.execute(tables.prediction.insert(), rows)


def confirm(connection: Connection, target_id: int, signature_ids: Sequence[int]) -> None:
    """Add what was measured later to the predictions of these signatures that have no measurement yet."""
    sample, estimate, session = tables.sample.c, tables.estimate.c, tables.session.c
    later = (
        select(session.added_at)
        .join_from(tables.sample, tables.session)
        .where(sample.target_id == target_id, sample.signature_id == _prediction.signature_id)
        .where(session.added_at >= _prediction.at)
        .order_by(session.added_at)
        .limit(1)
    )
    value = select(estimate.value_ms).where(
        estimate.target_id == target_id,
        estimate.signature_id == _prediction.signature_id,
        estimate.state.in_([state.value for state in USABLE]),
    )
    done = (
        update(tables.prediction)
        .where(_prediction.target_id == target_id, _prediction.measured_ms.is_(None))
        .where(later.exists(), value.exists())
        .values(measured_ms=value.scalar_subquery(), measured_at=later.scalar_subquery())
    )
    for ids in parts(signature_ids):
        connection.execute(done.where(_prediction.signature_id.in_(ids)))


def read(connection: Connection, target_id: int) -> list[Prediction]:
    """The predictions for a target, in the order in which they were logged."""
    joined = select(tables.prediction, tables.signature.c.kind, tables.signature.c.key).join(tables.signature)
    rows = connection.execute(joined.where(_prediction.target_id == target_id).order_by(_prediction.id))
    return [_read(row) for row in rows]


def _read(row: Row[Any]) -> Prediction:
    known = {name: getattr(row, name) for name in (*_LOGGED, "at", "measured_ms", "measured_at")}
    return Prediction(Signature(row.key, Kind(row.kind)), **known)
