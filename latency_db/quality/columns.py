"""A table as arrays, for those who look at all of its rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency_db.exchange.table import LatencyTable, TableRow

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_CATEGORIES = 400
"""A feature with more different words than this is a name, not a choice."""


@dataclass(frozen=True)
class Columns:
    """Rows of a table as arrays of equal length; sound says which of them no check has rejected so far."""

    rows: Sequence[TableRow]
    sound: Mask
    known: dict[int, Any] = field(default_factory=dict, compare=False)
    """What was found out about a device so far, kept for the next who asks."""

    @classmethod
    def of(cls, table: LatencyTable) -> "Columns":
        return cls(table.rows, np.ones(len(table.rows), bool))

    def without(self, rejected: Sequence[int]) -> "Columns":
        """The same, with these rows no longer sound."""
        if not rejected:
            return self
        sound = self.sound.copy()
        sound[list(rejected)] = False
        changed = set(self.device[list(rejected)].tolist())
        left = Columns(
            self.rows, sound, {device: known for device, known in self.known.items() if device not in changed}
        )
        for name in ("latency_ms", "log_ms", "_keys", "_devices", "design"):  # they do not depend on sound
            if name in self.__dict__:
                left.__dict__[name] = self.__dict__[name]
        return left

    @cached_property
    def latency_ms(self) -> Values:
        return np.array([row.latency_ms for row in self.rows], np.float64)

    @cached_property
    def log_ms(self) -> Values:
        """Natural logarithm; nan where there is none."""
        positive = np.isfinite(self.latency_ms) & (self.latency_ms > 0)
        return np.log(self.latency_ms, out=np.full(len(self.rows), np.nan), where=positive)

    @property
    def device_names(self) -> Sequence[str]:
        return self._devices[0]

    @property
    def device(self) -> Codes:
        """Index into device_names of each row."""
        return self._devices[1]

    @property
    def key(self) -> Codes:
        return self._keys[1]

    def rows_of(self, device: int) -> Codes:
        """Indices of the sound rows of a device whose latency has a logarithm."""
        return np.flatnonzero((self.device == device) & self.sound & np.isfinite(self.log_ms))

    @cached_property
    def by_key(self) -> Values:
        """Log latency by key and device, the median of duplicates; nan where there is none."""
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
        """Features as numbers, row by row: a column for each number, and one for each answer of a category."""
        numbers, words = _names(self.rows)
        blocks = [column[:, None] for name in numbers for column in _number(self.rows, name)]
        blocks += [_one_hot(self.rows, name) for name in words]
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(self.rows), 0))

    @cached_property
    def _keys(self) -> tuple[Sequence[str], Codes]:
        return _coded([row.key for row in self.rows])

    @cached_property
    def _devices(self) -> tuple[Sequence[str], Codes]:
        return _coded([row.device for row in self.rows])


def _coded(words: Sequence[str]) -> tuple[Sequence[str], Codes]:
    codes = {word: code for code, word in enumerate(dict.fromkeys(words))}
    return tuple(codes), np.array([codes[word] for word in words], np.int64)


def _names(rows: Sequence[TableRow]) -> tuple[list[str], list[str]]:
    """Names of the numeric features and of the categories."""
    seen: dict[str, set[str]] = {}
    numbers: dict[str, None] = {}
    for row in rows:
        for name, value in row.features.items():
            if isinstance(value, str):
                seen.setdefault(name, set()).add(value)
            else:
                numbers[name] = None
    return list(numbers), [name for name, answers in seen.items() if 1 < len(answers) <= MAX_CATEGORIES]


def _number(rows: Sequence[TableRow], name: str) -> list[Values]:
    """The number and, where it is positive throughout, its logarithm; missing ones are the median."""
    given = np.array([row.features.get(name, np.nan) for row in rows], np.float64)
    known = np.isfinite(given)
    if not known.any() or np.ptp(given[known]) == 0:
        return []
    filled = np.where(known, given, np.median(given[known]))
    return [filled, np.log(filled)] if filled.min() > 0 else [filled]


def _one_hot(rows: Sequence[TableRow], name: str) -> Values:
    answers, codes = _coded([str(row.features.get(name, "")) for row in rows])
    return np.asarray(np.eye(len(answers))[codes], np.float64)
