"""Records as rows of the tables, and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from latency_db import tables
from latency_db.device import Device
from latency_db.records import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)


def _find_or_add(connection: Connection, table: Table, unique: Mapping[str, Any], more: Mapping[str, Any]) -> int:
    found = connection.scalar(select(table.c.id).where(*(table.c[name] == value for name, value in unique.items())))
    return int(found if found is not None else _insert(connection, table, {**unique, **more}))


def _insert(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    key = connection.execute(table.insert().values(**values)).inserted_primary_key
    return int(key[0]) if key else 0


def add_session(connection: Connection, session: MeasurementSession) -> tuple[int, int]:
    device = session.device
    device_id = _find_or_add(
        connection, tables.device, {"machine_id": device.machine_id}, {"machine": dict(device.machine)}
    )
    target_id = _find_or_add(connection, tables.target, {"device_id": device_id, **target_row(device)}, {})
    values = {field.name: getattr(session, field.name) for field in fields(session) if field.name != "device"}
    values["started_at"] = session.started_at.astimezone(UTC).replace(tzinfo=None)
    return _insert(connection, tables.session, {**values, "target_id": target_id}), target_id


def add_sample(connection: Connection, record: LatencyRecord, session_id: int, target_id: int) -> None:
    signature = {"kind": record.signature.kind, "key": record.signature.key}
    summaries = {
        f"{clock}_{name}": value for clock in tables.CLOCKS for name, value in asdict(getattr(record, clock)).items()
    }
    _insert(
        connection,
        tables.sample,
        {
            "session_id": session_id,
            "target_id": target_id,
            "signature_id": _find_or_add(connection, tables.signature, signature, {}),
            "statistic": record.statistic,
            "latency_ms": record.latency_ms,
            "rounds_ms": list(record.rounds_ms),
            "state": record.state,
            "reason": record.reason,
            **summaries,
        },
    )


def target_row(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "runtime": device.runtime,
        "runtime_version": device.runtime_version,
        "precision": device.precision,
        "threads": device.threads,
        "batch": device.batch,
    }


def read_session(row: Row[Any], device: Device) -> MeasurementSession:
    values = {field.name: getattr(row, field.name) for field in fields(MeasurementSession) if field.name != "device"}
    values["started_at"] = row.started_at.replace(tzinfo=UTC)
    values["state"] = RecordState(row.state)
    return MeasurementSession(device=device, **values)


def read_record(row: Row[Any], session: MeasurementSession) -> LatencyRecord:
    wall, cpu = (
        Statistics(**{field.name: getattr(row, f"{clock}_{field.name}") for field in fields(Statistics)})
        for clock in tables.CLOCKS
    )
    return LatencyRecord(
        signature=Signature(row.key, Kind(row.kind)),
        session=session,
        statistic=Statistic(row.statistic),
        latency_ms=row.latency_ms,
        rounds_ms=tuple(row.rounds_ms),
        wall=wall,
        cpu=cpu,
        state=RecordState(row.state),
        reason=row.reason,
    )
