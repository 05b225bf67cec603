"""All records of a target with their sessions in one Parquet file, written and read without loss."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from latency_db.exchange.parquet import read_parquet, write_parquet
from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)
from latency_db.records.wire import from_wire, to_wire

FORMAT = "nas-latency-records/1"
_CLOCKS = ("wall", "cpu")
_STARTED = frozenset({"started_at"})  # a datetime, which to_wire does not write
_NAMES = tuple(field.name for field in fields(Statistics))


def write_records(records: Sequence[LatencyRecord], path: Path) -> None:
    """Write records. The metadata has the format, statistics, sources and licences, and holds the sessions."""
    sessions = {record.session.uid: record.session for record in records}
    metadata = {
        "nas": FORMAT,
        "statistics": json.dumps(sorted({record.statistic.value for record in records})),
        "sources": json.dumps(sorted({session.device.source for session in sessions.values()})),
        "licences": json.dumps(sorted({session.licence or "own" for session in sessions.values()})),
        "unit": "ms",
        "sessions": json.dumps([_session(session) for session in sessions.values()]),
    }
    columns: list[tuple[str, Any]] = [
        (name, str) for name in ("session", "kind", "key", "statistic", "state", "reason")
    ]
    columns += [("latency_ms", float), ("rounds_ms", list[float])]
    columns += [(f"{clock}_{name}", int if name == "n" else float) for clock in _CLOCKS for name in _NAMES]
    write_parquet([_row(record) for record in records], columns, path, metadata)


def read_records(path: Path) -> list[LatencyRecord]:
    """The records in a file of write_records. TableFormatError for any other file."""
    rows, metadata = read_parquet(path, FORMAT)
    sessions = {session.uid: session for session in map(_read_session, json.loads(metadata["sessions"]))}
    return [_read_row(row, sessions) for row in rows]


def _session(session: MeasurementSession) -> dict[str, Any]:
    return {**to_wire(session, without=_STARTED), "started_at": session.started_at.isoformat()}


def _read_session(values: Mapping[str, Any]) -> MeasurementSession:
    rest = {name: value for name, value in values.items() if name not in _STARTED}
    started_at = datetime.fromisoformat(values["started_at"])
    return from_wire(MeasurementSession, rest, "session", started_at=started_at)


def _row(record: LatencyRecord) -> dict[str, Any]:
    return {
        "session": record.session.uid,
        "kind": record.signature.kind.value,
        "key": record.signature.key,
        "statistic": record.statistic.value,
        "state": record.state.value,
        "reason": record.reason,
        "latency_ms": record.latency_ms,
        "rounds_ms": list(record.rounds_ms),
        **{f"{clock}_{name}": getattr(getattr(record, clock), name) for clock in _CLOCKS for name in _NAMES},
    }


def _read_row(row: Mapping[str, Any], sessions: Mapping[str, MeasurementSession]) -> LatencyRecord:
    wall, cpu = (Statistics(**{name: row[f"{clock}_{name}"] for name in _NAMES}) for clock in _CLOCKS)
    return LatencyRecord(
        Signature(row["key"], Kind(row["kind"])),
        sessions[row["session"]],
        Statistic(row["statistic"]),
        row["latency_ms"],
        tuple(row["rounds_ms"]),
        wall,
        cpu,
        RecordState(row["state"]),
        row["reason"],
    )
