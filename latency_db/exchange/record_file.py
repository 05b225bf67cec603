"""All records of a target with their sessions in one Parquet file, written and read without loss."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from latency_db.exchange.parquet import read_parquet, write_parquet
from latency_db.records.columns import STATISTICS, from_row, to_row
from latency_db.records.record import LatencyRecord, MeasurementSession
from latency_db.records.wire import from_wire, to_wire

FORMAT = "nas-latency-records/1"


def write_records(records: Sequence[LatencyRecord], path: Path) -> None:
    """Write records. The metadata has the format, statistics, sources and licences, and holds the sessions."""
    sessions = {record.session.uid: record.session for record in records}
    metadata = {
        "nas": FORMAT,
        "statistics": json.dumps(sorted({record.statistic.value for record in records})),
        "sources": json.dumps(sorted({session.device.source for session in sessions.values()})),
        "licences": json.dumps(sorted({session.licence or "own" for session in sessions.values()})),
        "unit": "ms",
        "sessions": json.dumps(to_wire(tuple(sessions.values()))),
    }
    columns: dict[str, Any] = dict.fromkeys(("session", "kind", "key", "statistic", "state", "reason"), str)
    columns |= {"latency_ms": float, "rounds_ms": list[float], **STATISTICS}
    rows = [to_row(record) | asdict(record.signature) | {"session": record.session.uid} for record in records]
    write_parquet(rows, columns.items(), path, metadata)


def read_records(path: Path) -> list[LatencyRecord]:
    """The records in a file of write_records. TableFormatError for any other file."""
    rows, metadata = read_parquet(path, FORMAT)
    sessions = {
        sent["uid"]: from_wire(MeasurementSession, sent, "session") for sent in json.loads(metadata["sessions"])
    }
    return [from_row(row, sessions[row["session"]]) for row in rows]
