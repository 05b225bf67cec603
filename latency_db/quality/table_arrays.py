"""A latency table as arrays, for checks that read all of its rows at once.

n: rows of the table; k: keys (distinct networks); d: devices; p: columns made from the features.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency_db.exchange.table import LatencyTable, TableRow
from latency_db.robust_statistics import Values

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_CATEGORIES = 400
"""A text feature with more distinct values than this is an identifier, and is left out."""

_NEARLY_ALL = 0.95
_LAST_DIGITS = 1e-5


@dataclass(frozen=True)
class TableArrays:
    """Rows of a table as arrays of equal length. sound: which rows [n] no check has rejected so far.

    by_device: results that checks have computed for a device (by its index) and share.
    """

    rows: Sequence[TableRow]
    sound: Mask
    by_device: dict[int, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, table: LatencyTable) -> "TableArrays":
        return cls(table.rows, np.ones(len(table.rows), bool))

    def without(self, rejected: Sequence[int]) -> "TableArrays":
        """A copy in which the rows of these indices are not sound; results kept for their devices are dropped."""
        if not rejected:
            return self
        sound = self.sound.copy()
        sound[list(rejected)] = False
        changed = set(self.device[list(rejected)].tolist())
        left = TableArrays(
            self.rows, sound, {device: found for device, found in self.by_device.items() if device not in changed}
        )
        same = ("latency_ms", "log_ms", "_keys", "_devices", "design")  # cached, and independent of sound
        left.__dict__.update({name: self.__dict__[name] for name in same if name in self.__dict__})
        return left

    @cached_property
    def latency_ms(self) -> Values:
        """Latencies in milliseconds [n]."""
        return np.array([row.latency_ms for row in self.rows], np.float64)

    @cached_property
    def log_ms(self) -> Values:
        """Natural logarithm of the latency in ms [n]; nan where it is not a finite positive number."""
        positive = np.isfinite(self.latency_ms) & (self.latency_ms > 0)
        return np.log(self.latency_ms, out=np.full(len(self.rows), np.nan), where=positive)

    @property
    def device_names(self) -> Sequence[str]:
        """Names [d], in the order of their first rows."""
        return self._devices[0]

    @property
    def device(self) -> Codes:
        """Index into device_names of each row [n]."""
        return self._devices[1]

    @property
    def key(self) -> Codes:
        """Number of each row's key [n], from 0 to k - 1."""
        return self._keys[1]

    def rows_of(self, device: int) -> Codes:
        """Indices of the device's sound rows with a finite log_ms."""
        return np.flatnonzero((self.device == device) & self.sound & np.isfinite(self.log_ms))

    @cached_property
    def by_key(self) -> Values:
        """log_ms by key and device [k, d], of sound rows; the lower median of duplicates, nan where there is no row."""
        usable = np.flatnonzero(self.sound & np.isfinite(self.log_ms))
        count = len(self.device_names)
        cells = self.key[usable] * count + self.device[usable]
        table = np.full(len(self._keys[0]) * count, np.nan)
        order = np.lexsort((self.log_ms[usable], cells))
        cells, values = cells[order], self.log_ms[usable][order]
        starts = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]]) if len(cells) else np.zeros(0, np.int64)
        sizes = np.diff(np.r_[starts, len(cells)])
        table[cells[starts]] = values[starts + (sizes - 1) // 2]
        return table.reshape(len(self._keys[0]), count)

    @cached_property
    def design(self) -> Values:
        """Features as numbers [n, p]: a number and its logarithm, or one column for each value of a category."""
        numbers, words = _feature_names(self.rows)
        blocks = [column[:, None] for name in numbers for column in _numeric_columns(self.rows, name)]
        blocks += [_one_hot(self.rows, name) for name in words]
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(self.rows), 0))

    @cached_property
    def _keys(self) -> tuple[Sequence[str], Codes]:
        return _factorize([row.key for row in self.rows])

    @cached_property
    def _devices(self) -> tuple[Sequence[str], Codes]:
        return _factorize([row.device for row in self.rows])


def decimal_step(values: Values) -> float:
    """The largest power of ten that nearly all values [n] are multiples of, from 100 to 1e-9; 0 if there is none."""
    steps = (10.0**-power for power in range(-2, 10))
    return next((step for step in steps if are_multiples(values, step).sum() > _NEARLY_ALL * len(values)), 0.0)


def are_multiples(values: Values, step: float) -> Mask:
    """Which values [n] are positive multiples of step, to within the last digits of a float."""
    multiples = np.round(values / step)
    return np.asarray((np.abs(values / step - multiples) < _LAST_DIGITS) & (multiples > 0))


def _factorize(words: Sequence[str]) -> tuple[Sequence[str], Codes]:
    """The distinct words in the order of their first use, and for each word the index of its distinct word."""
    codes = {word: code for code, word in enumerate(dict.fromkeys(words))}
    return tuple(codes), np.array([codes[word] for word in words], np.int64)


def _feature_names(rows: Sequence[TableRow]) -> tuple[list[str], list[str]]:
    """Names of the numeric features and of the categories."""
    categories: dict[str, set[str]] = {}
    numbers: dict[str, None] = {}
    for row in rows:
        for name, value in row.features.items():
            if isinstance(value, str):
                categories.setdefault(name, set()).add(value)
            else:
                numbers[name] = None
    return list(numbers), [name for name, values in categories.items() if 1 < len(values) <= MAX_CATEGORIES]


def _numeric_columns(rows: Sequence[TableRow], name: str) -> list[Values]:
    """The number [n] and, if all are positive, its logarithm [n]; missing ones are replaced by the median."""
    given = np.array([row.features.get(name, np.nan) for row in rows], np.float64)
    known = np.isfinite(given)
    if not known.any() or np.ptp(given[known]) == 0:
        return []
    filled = np.where(known, given, np.median(given[known]))
    return [filled, np.log(filled)] if filled.min() > 0 else [filled]


def _one_hot(rows: Sequence[TableRow], name: str) -> Values:
    """One column for each value of a category, 1 in the rows that have it: [n, values]."""
    values, codes = _factorize([str(row.features.get(name, "")) for row in rows])
    return np.asarray(np.eye(len(values))[codes], np.float64)
