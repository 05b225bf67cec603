"""Parquet files that nas writes: rows with a format's name, the version of nas and further facts in their metadata."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from latency_db.errors import TableFormatError

TYPES = {float: pa.float64(), int: pa.int64(), str: pa.string(), list[float]: pa.list_(pa.float64())}
"""Column types by the Python type of their values, which may all be None as well."""


def write_parquet(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[tuple[str, Any]], path: Path, metadata: Mapping[str, str]
) -> None:
    """Write rows. columns: names with one of TYPES each; metadata: `nas` is the name of the format."""
    described = {**metadata, "nas_version": version("nas")}
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns], metadata=described)
    with path.open("wb") as file:  # whose errors name the path, which pyarrow's do not
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file, compression="zstd")


def read_parquet(path: Path, expected: str) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, str]]:
    """Rows and metadata of a file of the expected format; TableFormatError if it is not one."""
    try:
        found = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise TableFormatError(f"{path} cannot be read as Parquet: {error}; export it again") from None
    metadata = {key.decode(): value.decode() for key, value in (found.schema.metadata or {}).items()}
    if metadata.get("nas") != expected:
        raise TableFormatError(
            f"{path} is {metadata.get('nas', 'not a file of nas')}, not {expected}; "
            "use `nas latency export` to write one, or `nas latency import --format` for a published table"
        )
    return found.to_pylist(), metadata


def file_format(path: Path) -> str | None:
    """The format that nas wrote into a Parquet file; None for other files."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return None
    found: bytes | None = metadata.get(b"nas")
    return found.decode() if found else None
