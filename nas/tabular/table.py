"""Values that stand in a Parquet table with one row a network."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from nas.errors import DataError
from nas.tabular.file import Column, Observed, TableProblem
from nas.tabular.space import Rows, TabularSpace

MAX_CODES = 2**62
"""Ways to answer all decisions, up to which rows have keys of 64 bits."""


class Table:
    """The table of a problem; its rows may be in any order.

    DataError names what is missing, not finite, or not one row for each network.
    """

    def __init__(self, problem: TableProblem, space: TabularSpace, path: Path) -> None:
        sources = [problem.accuracy, problem.latency, *problem.features, problem.observation]
        wanted = dict.fromkeys(each.column for each in sources if isinstance(each, Column | Observed))
        decisions = problem.table.decision_columns
        self._sizes = [entry.size for entry in problem.decisions]
        if len(decisions) != len(self._sizes) or prod(self._sizes) > MAX_CODES:
            raise DataError(
                f"{path}: {len(decisions)} decision_columns do not fit a table of {len(self._sizes)} decisions with "
                f"{prod(self._sizes):.2g} codes: name one for each decision, and use a surrogate for so large a space"
            )
        table = _read(path, list(dict.fromkeys([*decisions, *wanted])))
        if table.num_rows != problem.table.rows:
            raise DataError(f"{path}: it has {table.num_rows} rows, not {problem.table.rows} as table.rows says")
        self._columns = {name: _numbers(path, table, name) for name in wanted}
        rows = np.stack([_indices(path, table, *each) for each in zip(decisions, self._sizes, strict=True)], axis=1)
        self._sort(path, rows, space)

    def _sort(self, path: Path, rows: Rows, space: TabularSpace) -> None:
        """Keep the networks by their keys."""
        canonical = np.flatnonzero((space.active(rows) | (rows == 0)).all(axis=1))  # others say the same once more
        keys = self._keys(rows[canonical])
        order = np.argsort(keys)
        self._sorted, self._places = keys[order], canonical[order]
        if (np.diff(self._sorted) == 0).any():
            raise DataError(f"{path}: two rows are the same network; keep one of them")
        if len(keys) != space.size():
            raise DataError(f"{path}: it has rows for {len(keys)} of {space.size()} networks; add the others")

    def _keys(self, rows: Rows) -> NDArray[np.int64]:
        keys: NDArray[np.int64] = np.ravel_multi_index(tuple(rows.T), tuple(self._sizes))
        return keys

    def of(self, sources: Mapping[str, Column | Observed], rows: Rows) -> dict[str, NDArray[np.float64]]:
        """[n] values of these networks from each source, in the unit of the file."""
        places = self._places[np.searchsorted(self._sorted, self._keys(rows))]
        return {name: self._columns[source.column][places] for name, source in sources.items()}


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        present = parquet.read_schema(path).names
        missing = [name for name in columns if name not in present]
        if missing:
            raise DataError(f"{path}: no column {missing[0]!r}; there are: {', '.join(present)}")
        return parquet.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet table: {error}; copy or write the file again") from None


def _numbers(path: Path, table: pa.Table, name: str) -> NDArray[np.float64]:
    try:
        values: NDArray[np.float64] = table[name].cast(pa.float64()).to_numpy()
    except pa.ArrowException:
        raise DataError(f"{path}: column {name!r} does not hold numbers, but {table[name].type}") from None
    gaps = np.sum(~np.isfinite(values))
    if gaps:
        raise DataError(f"{path}: column {name!r} has no finite value in {gaps} of its rows; fill them")
    return values


def _indices(path: Path, table: pa.Table, name: str, options: int) -> NDArray[np.int64]:
    values = _numbers(path, table, name)
    if (values != np.floor(values)).any() or values.min(initial=0) < 0 or values.max(initial=0) >= options:
        raise DataError(f"{path}: column {name!r} must hold indices of {options} options, from 0")
    return values.astype(np.int64)
