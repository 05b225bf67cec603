"""The quality gate: finds wrong latencies in a table from the table alone, without knowledge of its devices.

Each kind of fault has one check in latency_db/quality/checks. Thresholds are shares and multiples of robust standard
deviations, never numbers of one device. No row is dropped: each keeps its latency, with a state and the reason for it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from latency_db.exchange.table import LatencyTable
from latency_db.quality.table_arrays import TableArrays
from latency_db.records.record import RecordState
from nas.plugins import Plugins


class Severity(StrEnum):
    """note: for information. warning: the rows may be wrong (suspect). fault: they are wrong (rejected)."""

    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


_STATES = {
    Severity.NOTE: RecordState.VALID,
    Severity.WARNING: RecordState.SUSPECT,
    Severity.FAULT: RecordState.REJECTED,
}
_FROM_BEST_TO_WORST = (RecordState.VALID, RecordState.STALE, RecordState.SUSPECT, RecordState.REJECTED)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault that a check found: its devices and the indices of its rows, and a message, with the remedy if any."""

    check: str
    severity: Severity
    devices: tuple[str, ...]
    rows: tuple[int, ...]
    message: str

    @property
    def state(self) -> RecordState:
        """The state that its rows get."""
        return _STATES[self.severity]


class TableCheck(ABC):
    """Finds one kind of fault.

    stage: checks run in its order, and rows that one stage rejects are not sound for the next. 0: each row by itself.
    1: each device by itself, and gross errors. 2: rows and devices compared with others.
    """

    name: ClassVar[str]
    stage: ClassVar[int]

    @abstractmethod
    def find(self, arrays: TableArrays) -> Iterable[Finding]: ...


check: Plugins[TableCheck] = Plugins("check", "latency_db.quality.checks")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The table with the state and reason of each row, and the findings they come from, the most severe first."""

    table: LatencyTable
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity | None:
        """The severity of the most severe finding; None without findings."""
        return self.findings[0].severity if self.findings else None

    def count(self, state: RecordState) -> int:
        return sum(row.state is state for row in self.table.rows)


def inspect(table: LatencyTable) -> Verdict:
    """Run all checks on a table. Checks never improve the state that a row has already."""
    arrays = TableArrays.of(table)
    found: list[Finding] = []
    for stage in sorted({check[name].stage for name in check}):
        now = [finding for name in check if check[name].stage == stage for finding in check.make(name).find(arrays)]
        found += now
        arrays = arrays.without([row for one in now if one.severity is Severity.FAULT for row in one.rows])
    found.sort(key=lambda one: list(Severity).index(one.severity), reverse=True)
    return Verdict(_with_states(table, found), tuple(found))


def _with_states(table: LatencyTable, findings: Iterable[Finding]) -> LatencyTable:
    rows = list(table.rows)
    for finding in findings:
        if finding.state is RecordState.VALID:
            continue
        for number in finding.rows:
            row = rows[number]
            worse = max(row.state, finding.state, key=_FROM_BEST_TO_WORST.index)
            reason = f"{row.reason}; {finding.check}" if row.reason else f"{finding.check}: {finding.message}"
            rows[number] = replace(row, state=worse, reason=reason)
    return replace(table, rows=tuple(rows))
