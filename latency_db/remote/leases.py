"""Batches of requests: leased to agents, and completed with their results. All times are the database's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from latency_db.devices.device import Device
from latency_db.errors import AgentError, LeaseLostError, RecordError
from latency_db.measuring.measure import BATCH, EFFORTS
from latency_db.records.record import Kind, LatencyRecord, Signature
from latency_db.records.reference_models import FIXED
from latency_db.remote import tables as request_tables
from latency_db.remote.agents import MAX_ATTEMPTS, end_batch
from latency_db.remote.results import check_sessions, read_session
from latency_db.remote.tables import BatchState, RequestState
from latency_db.storing import tables
from latency_db.storing.adding import add_records
from latency_db.storing.rows import target_device
from latency_db.storing.store import Store, reference_before
from nas.sql.column_types import now
from nas.sql.ids import new_id

LEASE_S = 60.0
MAX_BATCH_BYTES = 32 << 20
"""Size of the models of a batch: an agent holds them in memory."""

_agent = request_tables.agent.c
_batch = request_tables.batch.c
_request = request_tables.request.c


@dataclass(frozen=True, slots=True)
class Task:
    """A request in a batch: measure the model of this digest as its signature says."""

    request: int
    signature: Signature
    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A leased batch. settings: of the measurement. known_ms: last latency of the reference network on the device."""

    id: str
    device: Device
    settings: Mapping[str, Any]
    tasks: Sequence[Task]
    lease_s: float
    known_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that could not be measured. final: do not try again."""

    request: int
    reason: str
    final: bool


class Leases:
    """The batches in a latency database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def lease(self, agent_id: str, run: str, trouble: str | None = None) -> Batch | None:
        """Lease the next requests for one of the agent's devices, or return the batch that it has leased already.

        None if nothing waits. Requests that were tried before come in smaller batches. AgentError if a later run of the
        agent has registered.
        """
        with self._store.writing() as connection:
            _set_seen(connection, agent_id, run, trouble)
            held = connection.execute(
                select(request_tables.batch).where(_batch.agent_id == agent_id, _batch.state == BatchState.LEASED.value)
            ).first()
            batch_id = held.id if held else _lease_next(connection, agent_id, run)
            if batch_id is None:
                return None
            _extend_lease(connection, batch_id)
            batch = _read_batch(connection, batch_id)
        return replace(batch, known_ms=reference_before(self._store, batch.device))

    def extend(self, agent_id: str, batch_id: str) -> None:
        """Extend the lease. LeaseLostError if the batch is not leased to this agent."""
        with self._store.writing() as connection:
            _leased_batch(connection, agent_id, batch_id)
            _extend_lease(connection, batch_id)
            connection.execute(update(request_tables.agent).where(_agent.id == agent_id).values(last_seen_at=now()))

    def complete(
        self, agent_id: str, batch_id: str, sessions: Sequence[Mapping[str, Any]], failures: Sequence[Failure]
    ) -> bool:
        """Store the results of a batch, all or none; False if they are stored already.

        sessions: as latency_db.records.wire writes them, each with `offset_s`, the seconds from the lease to its start.
        Requests neither measured nor failed are queued again. RecordError says what is wrong with a record;
        SessionConflictError: a session contradicts a stored one; LeaseLostError: the batch is not leased to this agent.
        """
        with self._store.writing() as connection:
            row = _leased_batch(connection, agent_id, batch_id, done=True)
            if row.state == BatchState.DONE.value:
                return False
            batch = _read_batch(connection, batch_id)
            wanted = {task.signature: task.request for task in batch.tasks}
            read = [
                read_session(session, batch.device, row.leased_at, row.now, f"sessions.{number}")
                for number, session in enumerate(sessions)
            ]
            check_sessions(read)
            measured: set[int] = set().union(*(_store(connection, records, wanted) for records in read))
            _set_states(connection, batch_id, measured, failures)
            end_batch(connection, batch_id, BatchState.DONE, "it was not measured")
            return True

    def give_back(self, agent_id: str, batch_id: str) -> None:
        """The agent stops: the requests of the batch are queued again, and this attempt does not count."""
        with self._store.writing() as connection:
            _leased_batch(connection, agent_id, batch_id)
            mine = update(request_tables.request).where(_request.batch_id == batch_id)
            connection.execute(mine.values(attempts=_request.attempts - 1))
            end_batch(connection, batch_id, BatchState.RETURNED, "the agent was stopped")


def _set_seen(connection: Connection, agent_id: str, run: str, trouble: str | None) -> None:
    mine = update(request_tables.agent).where(_agent.id == agent_id, _agent.run == run)
    if not connection.execute(mine.values(last_seen_at=now(), trouble=trouble)).rowcount:
        raise AgentError("another agent was started later with this machine's state; only the latest may measure")


def _lease_next(connection: Connection, agent_id: str, run: str) -> str | None:
    """Lease the next requests of one device and effort; returns the id of the new batch, None if nothing waits."""
    waiting = [_request.agent_id == agent_id, _request.state == RequestState.QUEUED.value]
    order = (_request.priority.desc(), _request.attempts, _request.id)
    first = connection.execute(select(request_tables.request).where(*waiting).order_by(*order).limit(1)).first()
    if first is None:
        return None
    alike = [_request.target_id == first.target_id, _request.effort == first.effort]
    alike.append(_request.attempts == first.attempts)
    count = max(1, BATCH >> 3 * first.attempts)
    found = connection.execute(
        select(_request.id, _request.size_bytes).where(*waiting, *alike).order_by(*order).limit(count)
    )
    batch_id = new_id("bat")
    row = {"id": batch_id, "agent_id": agent_id, "target_id": first.target_id, "run": run, "effort": first.effort}
    state = BatchState.LEASED.value
    connection.execute(insert(request_tables.batch).values(**row, state=state, leased_at=now(), lease_until=now()))
    taken = update(request_tables.request).where(_request.id.in_(_ids_that_fit(found.all())))
    leased = {"state": RequestState.LEASED.value, "batch_id": batch_id, "attempts": _request.attempts + 1}
    connection.execute(taken.values(**leased))
    return batch_id


def _ids_that_fit(rows: Sequence[Any]) -> list[int]:
    """The first ids whose models fit a batch, at least one."""
    ids: list[int] = []
    size = 0
    for row in rows:
        size += row.size_bytes
        if ids and size > MAX_BATCH_BYTES:
            break
        ids.append(row.id)
    return ids


def _extend_lease(connection: Connection, batch_id: str) -> None:
    at: datetime = connection.execute(select(now())).scalar_one()
    longer = update(request_tables.batch).where(_batch.id == batch_id)
    connection.execute(longer.values(lease_until=at + timedelta(seconds=LEASE_S)))


def _read_batch(connection: Connection, batch_id: str) -> Batch:
    row = connection.execute(select(request_tables.batch).where(_batch.id == batch_id)).one()
    signature = tables.signature.c
    tasks = connection.execute(
        select(_request.id, signature.kind, signature.key, _request.digest, _request.size_bytes)
        .join_from(request_tables.request, tables.signature)
        .where(_request.batch_id == batch_id, _request.state == RequestState.LEASED.value)
        .order_by(_request.id)
    )
    return Batch(
        batch_id,
        target_device(connection, row.target_id),
        asdict(EFFORTS[row.effort]),
        [Task(t.id, Signature(t.key, Kind(t.kind)), t.digest, t.size_bytes) for t in tasks],
        LEASE_S,
    )


def _leased_batch(connection: Connection, agent_id: str, batch_id: str, *, done: bool = False) -> Row[Any]:
    """The row of a batch leased to this agent (or done, if allowed), locked, with the time `now`."""
    mine = select(request_tables.batch, now().label("now")).where(_batch.id == batch_id, _batch.agent_id == agent_id)
    row = connection.execute(mine.with_for_update()).one_or_none()
    if row is None or not (row.state == BatchState.LEASED.value or (done and row.state == BatchState.DONE.value)):
        raise LeaseLostError(f"batch {batch_id} is no longer leased to this agent; its results are not stored")
    return row


def _store(connection: Connection, records: Sequence[LatencyRecord], wanted: Mapping[Signature, int]) -> set[int]:
    """Store a session with its records; returns the requests that they answer."""
    unknown = [record.signature.key for record in records if record.signature not in (*wanted, *FIXED)]
    if unknown or not records:
        raise RecordError(f"records: {unknown[0] if unknown else 'none'}; only leased models may be measured")
    add_records(connection, records)
    return {wanted[record.signature] for record in records if record.signature in wanted}


def _set_states(connection: Connection, batch_id: str, measured: set[int], failures: Sequence[Failure]) -> None:
    mine = update(request_tables.request).where(_request.batch_id == batch_id)
    done = mine.where(_request.id.in_(measured))
    connection.execute(done.values(state=RequestState.DONE.value, reason=None, ended_at=now()))
    for failure in failures:
        this = mine.where(_request.id == failure.request, _request.state == RequestState.LEASED.value)
        last = this if failure.final else this.where(_request.attempts >= MAX_ATTEMPTS)
        connection.execute(last.values(state=RequestState.FAILED.value, reason=failure.reason, ended_at=now()))
        connection.execute(this.values(state=RequestState.QUEUED.value, reason=failure.reason))
