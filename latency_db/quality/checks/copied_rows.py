"""Single rows that two devices share to the last digit, as measured times never do."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from math import factorial

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Codes, Columns, Values
from latency_db.quality.expectation import judge, witnesses

_MIN_NETWORKS = 2
_CHANCE = 1e-3
"""Probability, over all pairs of devices, of as many equal rows if each device was measured."""
_CLEARER = 1.5
"""How much worse the copies must fit among their device's rows than the originals among theirs, to tell them apart."""
_WHOLE = 0.9
"""From this share of equal rows on, the whole device is copied, for which there is another check."""


@check("copied_rows")
class CopiedRows(Check):
    stage = 2

    def find(self, columns: Columns) -> Iterator[Finding]:
        deviations: dict[int, Values] = {}
        pairs = len(columns.device_names) * (len(columns.device_names) - 1) / 2
        for one, other in _candidates(columns):
            rows, common, by_chance = _shared(columns, one, other)
            shared = len(np.unique(columns.key[rows]))
            if shared < _MIN_NETWORKS or shared >= _WHOLE * common or pairs * _at_least(shared, by_chance) > _CHANCE:
                continue
            first, second = (_misfit(columns, device, rows, deviations) for device in (one, other))
            copies = [one] * (first * _CLEARER >= second) + [other] * (second * _CLEARER >= first)
            wrong = rows[np.isin(columns.device[rows], copies)]
            names = (columns.device_names[one], columns.device_names[other])
            message = f"{shared} networks have the same digits on {names[0]} and {names[1]}"
            yield Finding(self.name, Severity.FAULT, names, tuple(wrong.tolist()), message)


def _candidates(columns: Columns) -> list[tuple[int, int]]:
    """Pairs of devices with equal values of a key at least twice."""
    rows = np.flatnonzero(columns.sound & np.isfinite(columns.log_ms))
    rows = rows[np.lexsort((columns.device[rows], columns.latency_ms[rows], columns.key[rows]))]
    same = (np.diff(columns.key[rows]) == 0) & (np.diff(columns.latency_ms[rows]) == 0)
    counts: Counter[tuple[int, int]] = Counter()
    for group in np.split(rows, np.flatnonzero(~same) + 1):
        if len(group) > 1:
            counts.update(combinations(sorted(set(columns.device[group].tolist())), 2))
    return [pair for pair, count in counts.items() if count >= _MIN_NETWORKS]


def _shared(columns: Columns, one: int, other: int) -> tuple[Codes, int, float]:
    """Rows of either device that the other has with the same value; how many keys both have; matches by chance."""
    a, b = columns.rows_of(one), columns.rows_of(other)
    common = np.intersect1d(columns.key[a], columns.key[b])
    a, b = a[np.isin(columns.key[a], common)], b[np.isin(columns.key[b], common)]
    left, right = (columns.key[rows] + 1j * columns.latency_ms[rows] for rows in (a, b))
    rows = np.concatenate([a[np.isin(left, right)], b[np.isin(right, left)]])
    return rows, len(common), _by_chance(columns, a, b)


def _at_least(count: int, expected: float) -> float:
    """Probability of count or more events where so many are expected (Poisson), from above."""
    return min(1.0, expected**count / factorial(min(count, 20))) if expected < count else 1.0


def _by_chance(columns: Columns, a: Codes, b: Codes) -> float:
    """Expected number of equal rows of two devices whose ratio varies as theirs does, at the digits that they have."""
    ratio = columns.by_key[np.unique(columns.key[a])]
    ratio = ratio[:, columns.device[a[0]]] - ratio[:, columns.device[b[0]]]
    spread = max(1.4826 * float(np.median(np.abs(ratio - np.median(ratio)))), 0.01)
    step = max(_step(columns.latency_ms[a]), _step(columns.latency_ms[b]))
    return float(np.minimum(step / (2.5 * spread * columns.latency_ms[a]), 1).sum())


def _step(values: Values) -> float:
    """The power of ten that nearly all values are multiples of."""
    for power in range(-2, 10):
        multiples = values * 10.0**power
        if np.mean(np.abs(multiples - np.round(multiples)) < 1e-5) > 0.9:  # noqa: PLR2004 - nearly all
            return 10.0**-power
    return 0.0


def _misfit(columns: Columns, device: int, rows: Codes, known: dict[int, Values]) -> float:
    """Median size of the deviation of rows among the device's own; 0 where nothing can be said."""
    if device not in known:
        own, found = witnesses(columns, device)
        judged = judge(found)
        known[device] = np.full(len(columns.rows), np.nan)
        if judged is not None:
            known[device][own] = np.abs(judged[0]) / judged[1]
    sizes = known[device][rows]
    sizes = sizes[np.isfinite(sizes)]
    return float(np.median(sizes)) if len(sizes) else 0.0
