"""Statistics that no set of timings has: no spread in many runs, percentiles out of order, counts below one."""

from collections.abc import Iterator
from itertools import pairwise

from latency_db.exchange.table import TableRow
from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns

_ORDER = ("min_ms", "p10_ms", "p25_ms", "median_ms", "p90_ms", "p99_ms", "max_ms")
_CLOCKS = ("", "wall_", "cpu_")
_ROUNDING = 1e-9


@check("statistics")
class Statistics(Check):
    stage = 0

    def find(self, columns: Columns) -> Iterator[Finding]:
        faults: dict[str, list[int]] = {}
        for number, row in enumerate(columns.rows):
            fault = _fault(row)
            if fault:
                faults.setdefault(fault, []).append(number)
        for fault, rows in faults.items():
            devices = tuple(dict.fromkeys(columns.rows[number].device for number in rows))
            yield Finding(self.name, Severity.WARNING, devices, tuple(rows), f"{fault} in {len(rows)} rows")
        yield from self._unknown(columns)

    def _unknown(self, columns: Columns) -> Iterator[Finding]:
        bare = [number for number, row in enumerate(columns.rows) if row.std_ms is None and row.n is None]
        if bare:
            devices = tuple(dict.fromkeys(columns.rows[number].device for number in bare))
            message = f"{len(bare)} rows say neither spread nor number of runs"
            yield Finding(self.name, Severity.NOTE, devices, tuple(bare), message)


def _fault(row: TableRow) -> str | None:
    if row.n is not None and row.n < 1:
        return "fewer than one run"
    if row.std_ms is not None:
        if not 0 <= row.std_ms < float("inf"):
            return "a deviation that is no number from 0 on"
        if row.std_ms == 0 and (row.n or 0) > 1:
            return "no deviation in several runs"
        if row.n is not None and row.std_ms > _mean_ms(row) * max(row.n, 1) ** 0.5 > 0:
            return "a deviation beyond what so many positive times can have"
    return _disorder(row)


def _mean_ms(row: TableRow) -> float:
    """Of the times that the deviation is of, wall times in our own rows; the latency if nothing says the mean."""
    return row.statistics.get("wall_mean_ms", row.statistics.get("mean_ms", row.latency_ms))


def _disorder(row: TableRow) -> str | None:
    """The largest deviation of n positive times of mean m is m sqrt(n - 1); percentiles rise."""
    for clock in _CLOCKS:
        given = [(name, row.statistics[clock + name]) for name in _ORDER if clock + name in row.statistics]
        for (lower, low), (upper, high) in pairwise(given):
            if low > high * (1 + _ROUNDING):
                return f"{clock}{lower} above {clock}{upper}"
        mean = row.statistics.get(f"{clock}mean_ms")
        if mean is not None and given and not given[0][1] * (1 - _ROUNDING) <= mean:
            return f"{clock}mean_ms below {clock}{given[0][0]}" if given[0][0] == "min_ms" else None
    if not row.statistics.get("min_ms", 0) * (1 - _ROUNDING) <= max(row.latency_ms, 0):
        return "latency below min_ms"
    if row.latency_ms > row.statistics.get("max_ms", float("inf")) * (1 + _ROUNDING):
        return "latency above max_ms"
    return None
