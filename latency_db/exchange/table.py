"""Latency tables as others publish them: rows with their provenance, and their Parquet file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from latency_db.exchange.parquet import read_parquet, write_parquet
from latency_db.records.record import RecordState

FORMAT = "nas-latency-table/1"
Features = Mapping[str, float | str]


class RowKind(StrEnum):
    """What a row timed: a block alone, a network of a search space, or a published model."""

    BLOCK = "block"
    NETWORK = "network"
    MODEL = "model"


class Scope(StrEnum):
    """How the latencies were obtained, as the source states: timed as a whole, or added up from parts."""

    END_TO_END = "end_to_end"
    SUMMED = "summed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One latency of one device. What is unknown is None or absent, never zero.

    features: of the network, numbers (such as macs) or categories (such as a choice of block).
    statistics: further times in ms by name, such as min_ms, median_ms, p90_ms.
    """

    key: str
    kind: RowKind
    device: str
    latency_ms: float
    std_ms: float | None = None
    n: int | None = None
    features: Features = field(default_factory=dict)
    statistics: Mapping[str, float] = field(default_factory=dict)
    state: RecordState = RecordState.VALID
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a table is from. unit: of the source (rows are always in ms). statistic: that of the latencies."""

    source: str
    licence: str
    statistic: str
    unit: str
    commit: str | None = None
    scope: Scope = Scope.UNKNOWN
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class LatencyTable:
    """Rows from one source."""

    rows: tuple[TableRow, ...]
    provenance: Provenance

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in the order of their first rows."""
        return tuple(dict.fromkeys(row.device for row in self.rows))


def write_table(table: LatencyTable, path: Path) -> None:
    """Write a table as one Parquet file, with its provenance in the metadata."""
    rows = [{**asdict(row), "features": _text(row.features), "statistics": _text(row.statistics)} for row in table.rows]
    columns = dict.fromkeys(("key", "kind", "device"), str) | {"latency_ms": float, "std_ms": float, "n": int}
    columns |= dict.fromkeys(("features", "statistics", "state", "reason"), str)
    write_parquet(rows, columns.items(), path, {"nas": FORMAT, "provenance": json.dumps(asdict(table.provenance))})


def read_table(path: Path) -> LatencyTable:
    """The table in a file of write_table. TableFormatError for any other file."""
    columns, metadata = read_parquet(path, FORMAT)
    provenance = json.loads(metadata["provenance"])
    rows = tuple(_row(row) for row in columns)
    return LatencyTable(rows, Provenance(**{**provenance, "scope": Scope(provenance["scope"])}))


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True)


def _row(row: Mapping[str, Any]) -> TableRow:
    parsed = {
        "kind": RowKind(row["kind"]),
        "state": RecordState(row["state"]),
        "features": json.loads(row["features"]),
        "statistics": json.loads(row["statistics"]),
    }
    return TableRow(**{**row, **parsed})
