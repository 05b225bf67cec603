"""The latency database in one SQLite file; several processes may read and write it at once."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from sqlalchemy import Connection, Engine, Row, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from latency_db import queue_tables, tables
from latency_db.device import Device
from latency_db.errors import StoreError
from latency_db.fixed import FIXED_KEYS
from latency_db.records import Kind, LatencyRecord, MeasurementSession, RecordState
from latency_db.rows import add_sample, add_session, read_record, read_session, target_row

BUSY_TIMEOUT_S = 30
_QUERY_SIZE = 500
V = TypeVar("V")
_USABLE = (RecordState.VALID, RecordState.SUSPECT)


def default_path() -> Path:
    """NAS_LATENCY_DB, or latency.db among the user's data."""
    given = os.environ.get("NAS_LATENCY_DB")
    return Path(given) if given else Path(platformdirs.user_data_dir("nas")) / "latency.db"


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """What the database holds on a device, the fixed models of every session not counted."""

    device: Device
    kernels: int
    networks: int
    samples: int
    sessions: int
    suspect_sessions: int
    last_measured_at: datetime | None


class Store:
    """Records of latencies by device and signature. Records are added, never changed.

    StoreError says why the file cannot be used.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path else default_path()
        with self._faults():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(self.path)
        with self._faults():
            self._lay_out()

    def _lay_out(self) -> None:
        with self.reading() as connection:
            version = _version(connection)
        if version < tables.VERSION:
            with self._engine.begin() as connection:
                queue_tables.metadata.create_all(connection)  # those that lack, now that the file is ours alone
                connection.exec_driver_sql(f"PRAGMA user_version = {tables.VERSION}")
        elif version != tables.VERSION:
            raise StoreError(
                f"latency database {self.path} has layout {version}, this version of nas reads {tables.VERSION}; "
                "use a newer nas, or set NAS_LATENCY_DB to another file"
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which nothing is written."""
        with self._faults(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is safe on disk when the block ends, or none if it raises."""
        with self._faults(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, OSError) as error:
            fault = error.orig if isinstance(error, DBAPIError) else error
            raise StoreError(
                f"latency database {self.path}: {fault}; free the disk, correct the rights, or set NAS_LATENCY_DB to "
                "another file"
            ) from None

    def add(self, records: Sequence[LatencyRecord]) -> None:
        """Store records with their sessions, all or none."""
        with self.writing() as connection:
            sessions: dict[int, tuple[int, int]] = {}
            for record in records:
                if id(record.session) not in sessions:
                    sessions[id(record.session)] = add_session(connection, record.session)
                session_id, target_id = sessions[id(record.session)]
                add_sample(connection, record, session_id, target_id)

    def latest(self, device: Device, kind: Kind, keys: Iterable[str] | None = None) -> dict[str, LatencyRecord]:
        """By key, the newest valid record of each of keys (None: all there are), or else the newest suspect one.

        Keys without a record are absent.
        """
        with self.reading() as connection:
            target_id = _target_id(connection, device)
            if target_id is None:
                return {}
            chosen = _newest(connection, target_id, kind, keys)
            return {record.signature.key: record for record in _records(connection, chosen, device)}

    def sessions(self, device: Device, count: int) -> list[MeasurementSession]:
        """The last sessions on device, newest first."""
        with self.reading() as connection:
            mine = select(tables.session).where(tables.session.c.target_id == _target_id(connection, device))
            rows = connection.execute(mine.order_by(tables.session.c.id.desc()).limit(count))
            return [read_session(row, device) for row in rows]

    def devices(self) -> list[TargetSummary]:
        """All devices that were measured, with what is known of them."""
        with self.reading() as connection:
            joined = select(tables.target, tables.device.c.machine).join(tables.device).order_by(tables.target.c.id)
            return [_summary(connection, row) for row in connection.execute(joined)]


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_S})

    # The driver's own transaction handling is switched off, so that writers lock the file when they begin, and wait for
    # each other, instead of failing in the middle.
    @event.listens_for(engine, "connect")
    def _(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"
        if immediate:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _target_id(connection: Connection, device: Device) -> int | None:
    found = select(tables.target.c.id).join(tables.device).where(tables.device.c.machine_id == device.machine_id)
    return connection.scalar(
        found.where(*(tables.target.c[name] == value for name, value in target_row(device).items()))
    )


def _newest(connection: Connection, target_id: int, kind: Kind, keys: Iterable[str] | None) -> list[int]:
    """Ids of the samples that stand for their signatures."""
    sample, signature = tables.sample, tables.signature
    newest = (
        select(sample.c.signature_id, sample.c.state, func.max(sample.c.id))
        .join(signature)
        .where(sample.c.target_id == target_id, sample.c.state.in_(_USABLE), signature.c.kind == kind)
        .group_by(sample.c.signature_id, sample.c.state)
    )
    found: dict[int, dict[str, int]] = {}
    queries = [newest] if keys is None else [newest.where(signature.c.key.in_(part)) for part in _parts([*keys])]
    for query in queries:
        for signature_id, state, sample_id in connection.execute(query):
            found.setdefault(signature_id, {})[state] = sample_id
    return [next(by_state[state] for state in _USABLE if state in by_state) for by_state in found.values()]


def _parts(values: Sequence[V]) -> Iterator[Sequence[V]]:
    return (values[start : start + _QUERY_SIZE] for start in range(0, len(values), _QUERY_SIZE))


def _records(connection: Connection, sample_ids: Sequence[int], device: Device) -> Iterator[LatencyRecord]:
    sessions: dict[int, MeasurementSession] = {}
    joined = select(tables.sample, tables.signature.c.key, tables.signature.c.kind).join(tables.signature)
    for chosen in _parts(sample_ids):
        rows = connection.execute(joined.where(tables.sample.c.id.in_(chosen))).all()
        unseen = {row.session_id for row in rows} - set(sessions)
        for row in connection.execute(select(tables.session).where(tables.session.c.id.in_(unseen))):
            sessions[row.id] = read_session(row, device)
        yield from (read_record(row, sessions[row.session_id]) for row in rows)


def _summary(connection: Connection, row: Row[Any]) -> TargetSummary:
    runtime = {"runtime": row.runtime, "runtime_version": row.runtime_version}
    device = Device(row.name, row.runtime, row.precision, row.threads, {**row.machine, **runtime}, row.batch)
    sample, signature, session = tables.sample, tables.signature, tables.session
    counted = (
        select(
            signature.c.kind,
            func.count(sample.c.signature_id.distinct()).label("signatures"),
            func.count().label("samples"),
        )
        .select_from(sample)
        .join(signature)
        .where(sample.c.target_id == row.id, signature.c.key.not_in(FIXED_KEYS))
        .group_by(signature.c.kind)
    )
    by_kind = {counts.kind: counts for counts in connection.execute(counted)}
    sessions = connection.execute(
        select(session.c.state, func.count(), func.max(session.c.started_at))
        .where(session.c.target_id == row.id)
        .group_by(session.c.state)
    ).all()
    return TargetSummary(
        device=device,
        kernels=by_kind[Kind.KERNEL].signatures if Kind.KERNEL in by_kind else 0,
        networks=by_kind[Kind.NETWORK].signatures if Kind.NETWORK in by_kind else 0,
        samples=sum(counts.samples for counts in by_kind.values()),
        sessions=sum(count for _, count, _ in sessions),
        suspect_sessions=sum(count for state, count, _ in sessions if state != RecordState.VALID),
        last_measured_at=max((at.replace(tzinfo=UTC) for _, _, at in sessions), default=None),
    )
