"""The quality gate: what is wrong with a table of latencies, by itself and without knowing its devices.

Each fault has one check in latency_db/quality/checks. Thresholds are shares and multiples of robust deviations, never
numbers of one device. Nothing is dropped: a row is kept with its state and the reason.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from latency_db.exchange.table import LatencyTable
from latency_db.quality.columns import Columns
from latency_db.records.record import RecordState
from nas.plugins import Plugins


class Severity(StrEnum):
    """note: good to know. warning: numbers to distrust. fault: numbers that are wrong."""

    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


_STATES = {
    Severity.NOTE: RecordState.VALID,
    Severity.WARNING: RecordState.SUSPECT,
    Severity.FAULT: RecordState.REJECTED,
}
_RANKS = (RecordState.VALID, RecordState.STALE, RecordState.SUSPECT, RecordState.REJECTED)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found: in which rows (indices) of which devices, and why, with the remedy where there is one."""

    check: str
    severity: Severity
    devices: tuple[str, ...]
    rows: tuple[int, ...]
    message: str

    @property
    def state(self) -> RecordState:
        """That its rows get."""
        return _STATES[self.severity]


class Check(ABC):
    """Looks for one kind of fault. stage: checks of a lower one come first; what they reject is hidden from the later.

    0: rows by themselves. 1: columns by themselves. 2: rows and columns against others.
    """

    name: ClassVar[str]
    stage: ClassVar[int]

    @abstractmethod
    def find(self, columns: Columns) -> Iterable[Finding]: ...


check: Plugins[Check] = Plugins("check", "latency_db.quality.checks")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The table with the state and reason of each row, and the findings behind them, the gravest first."""

    table: LatencyTable
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity | None:
        """Of the gravest finding; None if there is none."""
        return self.findings[0].severity if self.findings else None

    def count(self, state: RecordState) -> int:
        return sum(row.state is state for row in self.table.rows)


def inspect(table: LatencyTable) -> Verdict:
    """The verdict of all checks on table. A state that rows already have is only made graver."""
    columns = Columns.of(table)
    found: list[Finding] = []
    for stage in sorted({check[name].stage for name in check}):
        now = [finding for name in check if check[name].stage == stage for finding in check.make(name).find(columns)]
        found += now
        columns = columns.without([row for one in now if one.severity is Severity.FAULT for row in one.rows])
    found.sort(key=lambda one: list(Severity).index(one.severity), reverse=True)
    return Verdict(_marked(table, found), tuple(found))


def _marked(table: LatencyTable, findings: Iterable[Finding]) -> LatencyTable:
    rows = list(table.rows)
    for finding in findings:
        if finding.state is RecordState.VALID:
            continue
        for number in finding.rows:
            row = rows[number]
            graver = max(row.state, finding.state, key=_RANKS.index)
            reason = f"{row.reason}; {finding.check}" if row.reason else f"{finding.check}: {finding.message}"
            rows[number] = replace(row, state=graver, reason=reason)
    return replace(table, rows=tuple(rows))
