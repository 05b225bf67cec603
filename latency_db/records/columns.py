"""Records as flat rows, in the database and in files of records: one column for each statistic of each clock."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)

_PLACES = {f"{clock}_{field.name}": (clock, field.name) for clock in ("wall", "cpu") for field in fields(Statistics)}

STATISTICS: Mapping[str, type] = {name: int if name.endswith("_n") else float for name in _PLACES}
"""The columns of both summaries of a record and their types: wall_min_ms, ..., cpu_n."""


def statistics(record: LatencyRecord) -> dict[str, float | None]:
    """The columns STATISTICS of a record."""
    return {name: getattr(getattr(record, clock), field) for name, (clock, field) in _PLACES.items()}


def to_row(record: LatencyRecord) -> dict[str, Any]:
    """A record without its signature and session."""
    return {
        "statistic": record.statistic.value,
        "latency_ms": record.latency_ms,
        "rounds_ms": list(record.rounds_ms),
        "state": record.state.value,
        "reason": record.reason,
        **statistics(record),
    }


def from_row(row: Mapping[Any, Any], session: MeasurementSession) -> LatencyRecord:
    """The record of a row of `to_row` with the `key` and the `kind` of its signature."""
    summaries: dict[str, dict[str, Any]] = {"wall": {}, "cpu": {}}
    for name, (clock, field) in _PLACES.items():
        summaries[clock][field] = row[name]
    return LatencyRecord(
        Signature(row["key"], Kind(row["kind"])),
        session,
        Statistic(row["statistic"]),
        row["latency_ms"],
        tuple(row["rounds_ms"]),
        Statistics(**summaries["wall"]),
        Statistics(**summaries["cpu"]),
        RecordState(row["state"]),
        row["reason"],
    )
