"""Statistics that no set of timings can have: no deviation in many runs, percentiles out of order, counts below one."""

from collections.abc import Iterator
from itertools import pairwise

from latency_db.exchange.table import TableRow
from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.table_arrays import TableArrays

_ORDER = ("min_ms", "p10_ms", "p25_ms", "median_ms", "p90_ms", "p99_ms", "max_ms")
_CLOCKS = ("", "wall_", "cpu_")
_ROUNDING = 1e-9


@check("statistics")
class ImpossibleStatistics(TableCheck):
    stage = 0

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        faults: dict[str, list[int]] = {}
        for number, row in enumerate(arrays.rows):
            fault = _fault(row)
            if fault:
                faults.setdefault(fault, []).append(number)
        for fault, rows in faults.items():
            devices = tuple(dict.fromkeys(arrays.rows[number].device for number in rows))
            yield Finding(self.name, Severity.WARNING, devices, tuple(rows), f"{fault} in {len(rows)} rows")
        yield from self._without_statistics(arrays)

    def _without_statistics(self, arrays: TableArrays) -> Iterator[Finding]:
        bare = [number for number, row in enumerate(arrays.rows) if row.std_ms is None and row.n is None]
        if bare:
            devices = tuple(dict.fromkeys(arrays.rows[number].device for number in bare))
            message = f"{len(bare)} rows have neither a deviation nor a number of runs"
            yield Finding(self.name, Severity.NOTE, devices, tuple(bare), message)


def _fault(row: TableRow) -> str | None:
    if row.n is not None and row.n < 1:
        return "fewer than one run"
    if row.std_ms is not None:
        if not 0 <= row.std_ms < float("inf"):
            return "a deviation that is negative or not finite"
        if row.std_ms == 0 and (row.n or 0) > 1:
            return "no deviation in several runs"
        # The largest deviation of n positive times of mean m is m sqrt(n - 1).
        if row.n is not None and row.std_ms > _mean_ms(row) * max(row.n, 1) ** 0.5 > 0:
            return "a deviation larger than this number of positive times can have"
    return _disorder(row)


def _mean_ms(row: TableRow) -> float:
    """Mean in ms of the times whose deviation is std_ms (wall times in rows of nas); the latency if it is unknown."""
    return row.statistics.get("wall_mean_ms", row.statistics.get("mean_ms", row.latency_ms))


def _disorder(row: TableRow) -> str | None:
    """The first pair of statistics in the wrong order, as percentiles cannot be; None if there is none."""
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
