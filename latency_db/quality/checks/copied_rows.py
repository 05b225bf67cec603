"""Rows in which two devices have the same latency to the last digit, more often than chance explains."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from math import factorial

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.comparisons import combine, comparisons
from latency_db.quality.table_arrays import Codes, TableArrays, decimal_step
from latency_db.robust_statistics import Values, median_scale

_MIN_NETWORKS = 2
_MAX_PROBABILITY = 1e-3
"""Equal rows are copies if the probability of that many by chance, times the number of pairs, is at most this."""
_CLEAR_RATIO = 1.5
"""If the misfits of equal rows on two devices differ by more than this factor, the rows that fit worse are copies."""
_WHOLE_DEVICE = 0.9
"""With a larger share of equal rows the whole device is a copy, which the check copied_devices finds."""
_MIN_SCALE = 0.01
_SQRT_2_PI = 2.5
"""The highest density of a normal distribution is 1 / (2.5 standard deviations)."""


@check("copied_rows")
class CopiedRows(TableCheck):
    stage = 2

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        deviations: dict[int, Values] = {}
        pairs = len(arrays.device_names) * (len(arrays.device_names) - 1) / 2
        for one, other in _candidates(arrays):
            rows, common, expected = _equal_rows(arrays, one, other)
            shared = len(np.unique(arrays.key[rows]))
            if not _MIN_NETWORKS <= shared < _WHOLE_DEVICE * common:
                continue
            if pairs * _poisson_tail_bound(shared, expected) > _MAX_PROBABILITY:
                continue
            first, second = (_misfit(arrays, device, rows, deviations) for device in (one, other))
            copies = [one] * (first * _CLEAR_RATIO >= second) + [other] * (second * _CLEAR_RATIO >= first)
            wrong = rows[np.isin(arrays.device[rows], copies)]
            names = (arrays.device_names[one], arrays.device_names[other])
            message = f"{shared} networks have the same digits on {names[0]} and {names[1]}"
            yield Finding(self.name, Severity.FAULT, names, tuple(wrong.tolist()), message)


def _candidates(arrays: TableArrays) -> list[tuple[int, int]]:
    """Pairs of devices that have equal latencies of a key at least twice."""
    rows = np.flatnonzero(arrays.sound & np.isfinite(arrays.log_ms))
    rows = rows[np.lexsort((arrays.device[rows], arrays.latency_ms[rows], arrays.key[rows]))]
    same = (np.diff(arrays.key[rows]) == 0) & (np.diff(arrays.latency_ms[rows]) == 0)
    counts: Counter[tuple[int, int]] = Counter()
    for group in np.split(rows, np.flatnonzero(~same) + 1):
        if len(group) > 1:
            counts.update(combinations(sorted(set(arrays.device[group].tolist())), 2))
    return [pair for pair, count in counts.items() if count >= _MIN_NETWORKS]


def _equal_rows(arrays: TableArrays, one: int, other: int) -> tuple[Codes, int, float]:
    """Indices of both devices' rows with equal latencies; the number of keys that both have; expected equal rows."""
    a, b = arrays.rows_of(one), arrays.rows_of(other)
    common = np.intersect1d(arrays.key[a], arrays.key[b])
    a, b = a[np.isin(arrays.key[a], common)], b[np.isin(arrays.key[b], common)]
    left, right = (arrays.key[rows] + 1j * arrays.latency_ms[rows] for rows in (a, b))
    rows = np.concatenate([a[np.isin(left, right)], b[np.isin(right, left)]])
    return rows, len(common), _expected_equal_rows(arrays, a, b)


def _poisson_tail_bound(count: int, expected: float) -> float:
    """Upper bound of the probability of count or more events, if the number is Poisson with this expectation."""
    return min(1.0, expected**count / factorial(min(count, 20))) if expected < count else 1.0


def _expected_equal_rows(arrays: TableArrays, a: Codes, b: Codes) -> float:
    """Expected number of equal rows of two measured devices, by the spread of their ratio and their last digit.

    a, b: indices of their rows with common keys. An equal row has a log ratio in an interval of one step / latency,
    where its density is at most that of a normal distribution at its mean.
    """
    ratio = arrays.by_key[np.unique(arrays.key[a])]
    ratio = ratio[:, arrays.device[a[0]]] - ratio[:, arrays.device[b[0]]]
    scale = max(median_scale(ratio), _MIN_SCALE)
    step = max(decimal_step(arrays.latency_ms[rows]) for rows in (a, b))
    return float(np.minimum(step / (_SQRT_2_PI * scale * arrays.latency_ms[a]), 1).sum())


def _misfit(arrays: TableArrays, device: int, rows: Codes, known: dict[int, Values]) -> float:
    """Median |deviation| / scale of the device's rows among these from their predictions by the table; 0 if unknown."""
    if device not in known:
        own, found = comparisons(arrays, device)
        compared = combine(found)
        known[device] = np.full(len(arrays.rows), np.nan)
        if compared is not None:
            known[device][own] = np.abs(compared[0]) / compared[1]
    sizes = known[device][rows]
    sizes = sizes[np.isfinite(sizes)]
    return float(np.median(sizes)) if len(sizes) else 0.0
