"""All records of a target as one Parquet file, with their sessions, and back without loss."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from latency_db.devices.device import Device
from latency_db.exchange.table import read_parquet
from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)

FORMAT = "nas-latency-records/1"
_CLOCKS = ("wall", "cpu")
_NAMES = tuple(field.name for field in fields(Statistics))


def write_records(records: Sequence[LatencyRecord], path: Path) -> None:
    """Write records. The metadata says format, versions, statistics, sources, licences, and holds the sessions."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when called; the device agent has no pyarrow
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    sessions = {record.session.uid: record.session for record in records}
    metadata = {
        "nas": FORMAT,
        "nas_version": version("nas"),
        "statistics": json.dumps(sorted({record.statistic.value for record in records})),
        "sources": json.dumps(sorted({session.device.source for session in sessions.values()})),
        "licences": json.dumps(sorted({session.licence or "own" for session in sessions.values()})),
        "unit": "ms",
        "sessions": json.dumps([_session(session) for session in sessions.values()]),
    }
    words = ("session", "kind", "key", "statistic", "state", "reason")
    schema = pa.schema(
        [
            *((name, pa.string()) for name in words),
            ("latency_ms", pa.float64()),
            ("rounds_ms", pa.list_(pa.float64())),
            *((f"{clock}_{name}", pa.int64() if name == "n" else pa.float64()) for clock in _CLOCKS for name in _NAMES),
        ],
        metadata=metadata,
    )
    table = pa.Table.from_pylist([_row(record) for record in records], schema=schema)
    with path.open("wb") as file:  # whose errors name the path, which pyarrow's do not
        pq.write_table(table, file, compression="zstd")


def read_records(path: Path) -> list[LatencyRecord]:
    """The records in a file of write_records. TableFormatError if it is no such file."""
    rows, metadata = read_parquet(path, FORMAT)
    sessions = {session.uid: session for session in map(_read_session, json.loads(metadata["sessions"]))}
    return [_read_row(row, sessions) for row in rows]


def _session(session: MeasurementSession) -> dict[str, Any]:
    values = {field.name: getattr(session, field.name) for field in fields(session)}
    device = {**asdict(replace(session.device, fingerprint={})), "fingerprint": dict(session.device.fingerprint)}
    return {
        **values,
        "device": device,
        "environment": dict(session.environment),
        "started_at": session.started_at.isoformat(),
    }


def _read_session(values: Mapping[str, Any]) -> MeasurementSession:
    parsed = {
        "device": Device(**values["device"]),
        "started_at": datetime.fromisoformat(values["started_at"]),
        "state": RecordState(values["state"]),
    }
    return MeasurementSession(**{**values, **parsed})


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
