"""Tables of latencies as they are published and exchanged: rows with their provenance, and the Parquet file of one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from latency_db.errors import TableFormatError
from latency_db.records.record import RecordState

FORMAT = "nas-latency-table/1"
Features = Mapping[str, float | str]


class RowKind(StrEnum):
    """What a row timed: a block alone, a network of a search space, or a published model."""

    BLOCK = "block"
    NETWORK = "network"
    MODEL = "model"


class Scope(StrEnum):
    """How the numbers came about, as the source says: timed as a whole, or added up from parts."""

    END_TO_END = "end_to_end"
    SUMMED = "summed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One latency of one device. None and absent statistics are unknown, never zero.

    features: what is known of the network, numbers (macs) or categories (a choice of block).
    statistics: further times by name, such as min_ms, median_ms, p90_ms.
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
    """Where a table is from. unit is that of the source (rows are always in ms), statistic what each latency is."""

    source: str
    licence: str
    statistic: str
    unit: str
    commit: str | None = None
    scope: Scope = Scope.UNKNOWN
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class LatencyTable:
    rows: tuple[TableRow, ...]
    provenance: Provenance

    @property
    def devices(self) -> tuple[str, ...]:
        """In the order of their first rows."""
        return tuple(dict.fromkeys(row.device for row in self.rows))


def write_table(table: LatencyTable, path: Path) -> None:
    """Write table as one Parquet file. Its metadata says source, licence, statistic, unit and versions."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when called; the device agent has no pyarrow
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    rows = [{**asdict(row), "features": _text(row.features), "statistics": _text(row.statistics)} for row in table.rows]
    metadata = {"nas": FORMAT, "nas_version": version("nas"), "provenance": json.dumps(asdict(table.provenance))}
    schema = pa.schema(
        [
            ("key", pa.string()),
            ("kind", pa.string()),
            ("device", pa.string()),
            ("latency_ms", pa.float64()),
            ("std_ms", pa.float64()),
            ("n", pa.int64()),
            ("features", pa.string()),
            ("statistics", pa.string()),
            ("state", pa.string()),
            ("reason", pa.string()),
        ],
        metadata=metadata,
    )
    with path.open("wb") as file:  # whose errors name the path, which pyarrow's do not
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file, compression="zstd")


def read_table(path: Path) -> LatencyTable:
    """The table in a file of write_table. TableFormatError if it is no such file."""
    columns, metadata = read_parquet(path, FORMAT)
    provenance = json.loads(metadata["provenance"])
    rows = tuple(_row(row) for row in columns)
    return LatencyTable(rows, Provenance(**{**provenance, "scope": Scope(provenance["scope"])}))


def read_parquet(path: Path, expected: str) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, str]]:
    """Rows and metadata of a Parquet file that nas wrote in the expected format; TableFormatError if it is not one."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when called; the device agent has no pyarrow
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        found = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise TableFormatError(f"{path} cannot be read as Parquet: {error}; export it again") from None
    metadata = {key.decode(): value.decode() for key, value in (found.schema.metadata or {}).items()}
    if metadata.get("nas") != expected:
        raise TableFormatError(
            f"{path} is {metadata.get('nas', 'no file of nas')}, not {expected}; "
            "use `nas latency export` to write one, or `nas latency import --format` for a published table"
        )
    return found.to_pylist(), metadata


def file_format(path: Path) -> str | None:
    """The format that nas wrote into a Parquet file, or None for other files."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when called; the device agent has no pyarrow
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return None
    found: bytes | None = metadata.get(b"nas")
    return found.decode() if found else None


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
