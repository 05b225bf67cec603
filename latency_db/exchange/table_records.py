"""Published tables as records for the database, and records as a table for the quality checks."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from latency_db.devices.device import Device
from latency_db.exchange.table import LatencyTable, Provenance, RowKind, Scope, TableRow
from latency_db.records.columns import statistics
from latency_db.records.record import Kind, LatencyRecord, MeasurementSession, Signature, Statistic, Statistics

HARNESS = "published"
_KINDS = {RowKind.BLOCK: Kind.KERNEL, RowKind.NETWORK: Kind.NETWORK, RowKind.MODEL: Kind.NETWORK}
_KEPT = {field.name for field in fields(Statistics)}


@dataclass(frozen=True, slots=True)
class PublishedTarget:
    """How the devices of a published table ran their networks, as far as the source states."""

    runtime: str
    runtime_version: str = "unknown"
    precision: str = "fp32"
    threads: int = 1
    batch: int = 1

    def device(self, name: str, source: str) -> Device:
        facts = {"runtime": self.runtime, "runtime_version": self.runtime_version}
        return Device(name, self.runtime, self.precision, self.threads, facts, self.batch, source=source)


def to_records(table: LatencyTable, target: PublishedTarget, at: datetime) -> Iterator[LatencyRecord]:
    """The rows as records with their states, in one session for each device; second rows of a network in a second one.

    The same table gives the same sessions, so that importing it again adds nothing. Features are not part of records.
    """
    about = table.provenance
    seen: Counter[tuple[str, str, RowKind]] = Counter()
    sessions: dict[tuple[str, int], MeasurementSession] = {}
    statistic = Statistic(about.statistic) if about.statistic in set(Statistic) else Statistic.UNKNOWN
    for row in table.rows:
        number = seen[row.device, row.key, row.kind]
        seen[row.device, row.key, row.kind] += 1
        if (row.device, number) not in sessions:
            device = target.device(row.device, about.source)
            sessions[row.device, number] = _session(about, device, number, at)
        more = {name: value for name, value in row.statistics.items() if name in _KEPT}
        yield LatencyRecord(
            Signature(row.key, _KINDS[row.kind]),
            sessions[row.device, number],
            Statistic.SUM if about.scope is Scope.SUMMED else statistic,
            row.latency_ms,
            wall=Statistics(**{**more, "std_ms": row.std_ms, "n": row.n}),  # type: ignore[arg-type]  # n is no key of more
            state=row.state,
            reason=row.reason,
        )


def _session(about: Provenance, device: Device, number: int, at: datetime) -> MeasurementSession:
    named = (
        f"{about.source}\n{about.commit}\n{device.name}\n{device.id}\n{device.precision}\n{device.threads}\n{number}"
    )
    facts = {"statistic": about.statistic, "commit": about.commit, "scope": about.scope.value, "notes": about.notes}
    return MeasurementSession(
        device=device,
        started_at=at,
        harness=HARNESS,
        environment={name: value for name, value in facts.items() if value is not None},
        uid=hashlib.sha256(named.encode()).hexdigest()[:32],
        licence=about.licence,
        unit=about.unit,
    )


def of_records(device: Device, records: Sequence[LatencyRecord]) -> LatencyTable:
    """Records of one device as a table, with their states and the known statistics of both clocks."""
    statistic = sorted({record.statistic.value for record in records})
    licences = sorted({record.session.licence or "" for record in records} - {""})
    about = Provenance(device.source, ", ".join(licences) or "own", ", ".join(statistic) or "none", "ms")
    return LatencyTable(tuple(_rows(records, device)), about)


def _rows(records: Iterable[LatencyRecord], device: Device) -> Iterator[TableRow]:
    for record in records:
        known = {name: float(value) for name, value in statistics(record).items() if value is not None}
        kind = RowKind.BLOCK if record.signature.kind is Kind.KERNEL else RowKind.NETWORK
        yield TableRow(
            record.signature.key,
            kind,
            device.name,
            record.latency_ms,
            record.wall.std_ms,
            record.wall.n,
            statistics=known,
            state=record.state,
            reason=record.reason,
        )
