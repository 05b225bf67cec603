"""The latency database, in an SQLite file or in PostgreSQL; several processes may read and write it at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from latency_db.devices.device import MEASURED, Device
from latency_db.records.columns import from_row
from latency_db.records.record import Kind, LatencyRecord, MeasurementSession, RecordState, Signature
from latency_db.records.reference_models import REFERENCE_NETWORK
from latency_db.records.signatures import kernel_signatures
from latency_db.robust_statistics import Values
from latency_db.storing import consensus_rows, predictions, refusals, tables
from latency_db.storing.adding import add_records
from latency_db.storing.consensus_rows import USABLE, Value
from latency_db.storing.latencies import Latencies
from latency_db.storing.location import WORDING, database_url, default_location, file_of
from latency_db.storing.predictions import Prediction
from latency_db.storing.rows import parts, read_session, signature_ids, target_of
from latency_db.storing.schema import prepare
from latency_db.storing.summaries import TargetSummary, summaries
from nas.ops.kernels import Kernel
from nas.service.settings import read_settings
from nas.sql.connections import Connections
from nas.sql.database import Database


class Store:
    """Latency records by device and signature, and the refusals and predictions of devices. Records are never changed.

    A store is cheap to make and need not be closed. StoreError if the database cannot be used.
    """

    def __init__(self, location: Path | str | None = None, connections: Connections | None = None) -> None:
        """location: path of an SQLite file or URL of a database; None: the default of latency_db.storing.location.

        connections: limits of a server's; None: as the settings have them.
        """
        location = str(location or default_location())
        if connections is None and file_of(location) is None:
            connections = read_settings().connections
        self._database = Database(database_url(location), WORDING, pooled=False, connections=connections)
        prepare(self._database)

    @property
    def name(self) -> str:
        """The URL, without its password."""
        return self._database.name

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for reading."""
        return self._database.reading()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction: all of it is safe on disk when the block ends, or none if it raises."""
        return self._database.writing()

    def add(self, records: Sequence[LatencyRecord]) -> None:
        """Store records with their sessions, all or none. Sessions that are stored already (by uid) stay as they are.

        ValueRefusedError for a latency that is not a finite positive number, or text that cannot be stored.
        """
        with self.writing() as connection:
            add_records(connection, records)

    def latest(self, device: Device, kind: Kind, keys: Iterable[str] | None = None) -> dict[str, LatencyRecord]:
        """By key, the newest valid record of each of keys (None: all there are), or else the newest suspect one.

        Keys without a record are absent.
        """
        with self.reading() as connection:
            target_id = target_of(connection, device)
            if target_id is None:
                return {}
            chosen = _newest(connection, target_id, kind, keys)
            return {record.signature.key: record for record in _records(connection, chosen, device)}

    def values(self, device: Device, kind: Kind) -> dict[str, Value]:
        """By key, the consensus value of each signature (latency_db.records.consensus); rejected ones are absent.

        All are stale if the device's machine has another version of the runtime now. No sample is read: 100,000 values
        take a fraction of a second.
        """
        with self.reading() as connection:
            target_id = target_of(connection, device)
            return {} if target_id is None else consensus_rows.values(connection, target_id, kind)

    def session_deviations(self, device: Device) -> Values:
        """log(session / consensus) of the networks that several sessions have measured, [n]."""
        with self.reading() as connection:
            target_id = target_of(connection, device)
            return np.zeros(0) if target_id is None else consensus_rows.session_deviations(connection, target_id)

    def records(self, device: Device) -> list[LatencyRecord]:
        """All records of a device, in the order in which they were added."""
        with self.reading() as connection:
            mine = select(tables.sample.c.id).where(tables.sample.c.target_id == target_of(connection, device))
            found = _records(connection, list(connection.scalars(mine.order_by(tables.sample.c.id))), device)
            return list(found)

    def sessions(self, device: Device, count: int) -> list[MeasurementSession]:
        """The last sessions on device, newest first."""
        session = tables.session
        with self.reading() as connection:
            mine = select(session).where(session.c.target_id == target_of(connection, device))
            rows = connection.execute(mine.order_by(session.c.id.desc()).limit(count))
            return [read_session(row, device) for row in rows]

    def devices(self) -> list[TargetSummary]:
        """A summary of each target that was measured."""
        with self.reading() as connection:
            return summaries(connection)

    def with_tables(self) -> list[Device]:
        """The devices that nas has measured kernels on, those with the most first."""
        measured = [summary for summary in self.devices() if summary.kernels and summary.device.source == MEASURED]
        return [summary.device for summary in sorted(measured, key=lambda summary: -summary.kernels)]

    def refuse(self, device: Device, refused: Mapping[Signature, str]) -> None:
        """Store which models the device does not run, with the reasons."""
        if refused:
            with self.writing() as connection:
                refusals.add(connection, device, refused)

    def refusals(self, device: Device, kind: Kind) -> dict[str, str]:
        """Reasons why the device does not run models of a kind, by key."""
        with self.reading() as connection:
            target_id = target_of(connection, device)
            return {} if target_id is None else refusals.read(connection, target_id, kind)

    def log_predictions(self, device: Device, predicted: Sequence[Prediction]) -> None:
        """Log predictions; `add` completes them when their networks are measured."""
        with self.writing() as connection:
            predictions.log(connection, device, predicted)

    def predictions(self, device: Device) -> list[Prediction]:
        """All predictions for a device, in the order in which they were logged."""
        with self.reading() as connection:
            target_id = target_of(connection, device)
            return [] if target_id is None else predictions.read(connection, target_id)


def reference_before(store: Store, device: Device) -> float | None:
    """Last valid latency in ms of the reference network on device; None if there is none."""
    record = store.latest(device, REFERENCE_NETWORK.kind, [REFERENCE_NETWORK.key]).get(REFERENCE_NETWORK.key)
    return record.latency_ms if record and record.state is RecordState.VALID else None


def refused_kernels(store: Latencies, device: Device, wanted: Collection[Kernel]) -> dict[Kernel, str]:
    """Those of the wanted kernels that the device does not run, as it refused one of their models, with the reasons."""
    reasons = store.refusals(device, Kind.KERNEL) if wanted else {}
    if not reasons:
        return {}
    keys = {kernel: [signature.key for signature in kernel_signatures(kernel)] for kernel in wanted}
    return {kernel: reasons[key] for kernel, both in keys.items() for key in both if key in reasons}


def _newest(connection: Connection, target_id: int, kind: Kind, keys: Iterable[str] | None) -> list[int]:
    """Ids of the newest valid, or else suspect, sample of each signature."""
    sample = tables.sample
    newest = (
        select(sample.c.signature_id, sample.c.state, func.max(sample.c.id))
        .where(sample.c.target_id == target_id, sample.c.state.in_([state.value for state in USABLE]))
        .group_by(sample.c.signature_id, sample.c.state)
    )
    found: dict[int, dict[str, int]] = {}
    for ids in parts(_signature_ids(connection, target_id, kind, keys)):
        for signature_id, state_name, sample_id in connection.execute(newest.where(sample.c.signature_id.in_(ids))):
            found.setdefault(signature_id, {})[state_name] = sample_id
    return [next(by_state[state] for state in USABLE if state in by_state) for by_state in found.values()]


def _signature_ids(connection: Connection, target_id: int, kind: Kind, keys: Iterable[str] | None) -> list[int]:
    """Ids of the signatures with these keys, or of all that were measured on the target (those in `estimate`)."""
    if keys is not None:
        return list(signature_ids(connection, {Signature(key, kind) for key in keys}).values())
    estimate, signature = tables.estimate.c, tables.signature.c
    measured = select(signature.id).join_from(tables.signature, tables.estimate)
    return list(connection.scalars(measured.where(estimate.target_id == target_id, signature.kind == kind.value)))


def _records(connection: Connection, sample_ids: Sequence[int], device: Device) -> Iterator[LatencyRecord]:
    sessions: dict[int, MeasurementSession] = {}
    joined = select(tables.sample, tables.signature.c.key, tables.signature.c.kind).join(tables.signature)
    for chosen in parts(sample_ids):
        rows = connection.execute(joined.where(tables.sample.c.id.in_(chosen))).mappings().all()
        unseen = {row["session_id"] for row in rows} - set(sessions)
        for row in connection.execute(select(tables.session).where(tables.session.c.id.in_(unseen))):
            sessions[row.id] = read_session(row, device)
        yield from (from_row(row, sessions[row["session_id"]]) for row in rows)
