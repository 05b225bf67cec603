"""Agents: the machines that measure for a service. Each has an id of its own, which does not change with its name."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from latency_db.devices.device import Device
from latency_db.errors import AgentError
from latency_db.remote import tables as request_tables
from latency_db.remote.offers import offer
from latency_db.remote.tables import BatchState, RequestState
from latency_db.storing import refusals
from latency_db.storing.store import Store
from nas.errors import UnknownNameError
from nas.jobs.keys import Keys
from nas.sql.column_types import now
from nas.sql.ids import new_id

_agent = request_tables.agent.c
_batch = request_tables.batch.c
_request = request_tables.request.c
NAME = r"[a-z0-9][a-z0-9_.-]{0,62}"

MAX_ATTEMPTS = 3
"""How often a request is tried; each time in a smaller batch, so that a model that ends the agent is finally alone."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What an agent sends about itself when it starts.

    machine: the machine's own id. run: id of this start; a later run ends the leases of an earlier one. facts: about
    the machine. devices: those that it offers, named as LocalName writes them.
    """

    machine: str
    run: str
    name: str | None
    facts: Mapping[str, Any]
    devices: Sequence[Device]


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """A registered agent. trouble: the problem that it reported last, None if there is none."""

    id: str
    name: str
    key_id: str | None
    machine: str | None
    facts: Mapping[str, Any]
    trouble: str | None
    created_at: datetime
    last_seen_at: datetime | None


class Agents:
    """The agents in a latency database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, key_id: str | None) -> AgentRecord:
        """Add an agent that will register with this API key. AgentError if the name is taken or not allowed."""
        with self._store.writing() as connection:
            _check_name(connection, name, None)
            return _insert(connection, name, key_id)

    def add_with_token(self, name: str, keys: Keys) -> tuple[AgentRecord, str]:
        """Add an agent, with a new API key for it alone. AgentError if the name is taken or not allowed."""
        key, token = keys.create(f"device {name}", ["agent"])
        try:
            return self.add(name, key.id), token
        except BaseException:
            keys.revoke(key.id)
            raise

    def renew(self, agent: str, keys: Keys) -> tuple[AgentRecord, str]:
        """A new token for an agent, given its name or id; its last one is refused from now on.

        UnknownNameError if there is no such agent.
        """
        known = self._named(agent)
        key, token = keys.create(f"device {known.name}", ["agent"])
        try:
            with self._store.writing() as connection:
                changed = update(request_tables.agent).where(_agent.id == known.id)
                connection.execute(changed.values(key_id=key.id))
                renewed = _read(connection, known.id)
        except BaseException:
            keys.revoke(key.id)
            raise
        _revoke(keys, known)
        return renewed, token

    def remove(self, agent: str, keys: Keys) -> AgentRecord:
        """Forget an agent, given its name or id, and what is asked of it; its token is refused from now on.

        What it has measured stays. UnknownNameError if there is no such agent.
        """
        known = self._named(agent)
        _revoke(keys, known)
        with self._store.writing() as connection:
            for table in (request_tables.request, request_tables.batch):
                connection.execute(delete(table).where(table.c.agent_id == known.id))
            connection.execute(delete(request_tables.agent).where(_agent.id == known.id))
        return known

    def _named(self, agent: str) -> AgentRecord:
        """The agent of a name or an id. UnknownNameError lists the known ones."""
        known = self.all()
        for found in known:
            if agent in {found.id, found.name}:
                return found
        names = [found.name for found in known] or ["none"]
        raise UnknownNameError("device", agent, names, "`nas device add NAME` adds a machine")

    def register(
        self, hello: Hello, key_id: str | None, is_active: Callable[[str], bool] = lambda _: True
    ) -> tuple[AgentRecord, list[str]]:
        """Register an agent that started; returns it with the names of its devices. Leases of earlier runs end.

        A key belongs to the first machine that registers with it, and a machine to its key until is_active says of the
        key's id that it is revoked or has expired. AgentError if the key, the machine or the name is another's.
        """
        with self._store.writing() as connection:
            known = _find(connection, hello, key_id, is_active)
            name = hello.name or known.name
            _check_name(connection, name, known.id)
            values = {"machine": hello.machine, "name": name, "run": hello.run, "facts": dict(hello.facts)}
            if key_id is not None:
                values["key_id"] = key_id
            changed = update(request_tables.agent).where(_agent.id == known.id)
            connection.execute(changed.values(**values, trouble=None, last_seen_at=now()))
            _end_leases(connection, known.id, hello.run)
            names = offer(connection, known.id, name, hello.machine, hello.devices)
            return _read(connection, known.id), names

    def all(self) -> list[AgentRecord]:
        """All agents, sorted by name."""
        with self._store.reading() as connection:
            return [_record(row) for row in connection.execute(select(request_tables.agent).order_by(_agent.name))]

    def of_key(self, agent_id: str, key_id: str | None) -> AgentRecord | None:
        """The agent, if it registered with this key (None: without one); None if it did not."""
        with self._store.reading() as connection:
            mine = select(request_tables.agent).where(_agent.id == agent_id, _agent.key_id.is_not_distinct_from(key_id))
            row = connection.execute(mine).one_or_none()
        return None if row is None else _record(row)


def _revoke(keys: Keys, agent: AgentRecord) -> None:
    if agent.key_id is not None:
        keys.revoke(agent.key_id)


def _find(connection: Connection, hello: Hello, key_id: str | None, is_active: Callable[[str], bool]) -> AgentRecord:
    """The agent of the machine or else of the key, added if there is neither; if both exist, they are merged."""
    of_machine = _find_where(connection, _agent.machine == hello.machine)
    of_key = None if key_id is None else _find_where(connection, _agent.key_id == key_id)
    if of_key is not None and of_key.machine not in (None, hello.machine):
        raise AgentError(
            f"this token belongs to {of_key.name!r}, another machine; make one for this machine with "
            "`nas device add NAME`, or revoke it if the other machine no longer exists"
        )
    if of_machine is None:
        if of_key is not None:
            return of_key
        if hello.name is None:
            raise AgentError("this agent has no name yet; give it one with --name")
        _check_name(connection, hello.name, None)
        return _insert(connection, hello.name, key_id)
    holder = of_machine.key_id
    if key_id is not None and holder not in (None, key_id) and is_active(holder):
        raise AgentError(
            f"this machine is registered with the token of {of_machine.name!r}; use that one, or revoke its key first: "
            f"`nas key revoke {holder}`"
        )
    if of_key is not None and of_key.id != of_machine.id:  # a new token for a known machine
        connection.execute(delete(request_tables.agent).where(_agent.id == of_key.id))
        connection.execute(update(request_tables.agent).where(_agent.id == of_machine.id).values(name=of_key.name))
    return _read(connection, of_machine.id)


def _end_leases(connection: Connection, agent_id: str, run: str) -> None:
    """End the agent's batches of other runs."""
    lost = select(_batch.id).where(
        _batch.agent_id == agent_id, _batch.state == BatchState.LEASED.value, _batch.run != run
    )
    for batch_id in connection.scalars(lost).all():
        end_batch(connection, batch_id, BatchState.LOST, "the agent that measured it was started again")


def end_batch(connection: Connection, batch_id: str, state: BatchState, reason: str) -> None:
    """End a batch: its unmeasured requests are queued again, or fail if they have been tried MAX_ATTEMPTS times."""
    ended = update(request_tables.batch).where(_batch.id == batch_id)
    connection.execute(ended.values(state=state.value, ended_at=now()))
    leased = update(request_tables.request).where(
        _request.batch_id == batch_id, _request.state == RequestState.LEASED.value
    )
    spent = leased.where(_request.attempts >= MAX_ATTEMPTS)
    connection.execute(spent.values(state=RequestState.FAILED.value, reason=reason, ended_at=now()))
    connection.execute(leased.values(state=RequestState.QUEUED.value, reason=reason))
    _refuse_failed(connection, batch_id)


def _check_name(connection: Connection, name: str, agent_id: str | None) -> None:
    if not re.fullmatch(NAME, name):
        raise AgentError(
            f"{name!r} is not a valid name: up to 63 of a-z, 0-9, `_`, `.` and `-`, a letter or digit first"
        )
    if name == "local" or name.startswith("local-"):
        raise AgentError(
            "names that begin with `local` are reserved for the service's own machine; choose another with --name"
        )
    holder = connection.scalar(select(_agent.id).where(_agent.name == name))
    if holder not in (None, agent_id):
        raise AgentError(f"another device has the name {name!r}; choose another with --name")


def _insert(connection: Connection, name: str, key_id: str | None) -> AgentRecord:
    agent_id = new_id("agt")
    row = insert(request_tables.agent).values(id=agent_id, name=name, key_id=key_id, facts={}, created_at=now())
    connection.execute(row)
    return _read(connection, agent_id)


def _find_where(connection: Connection, condition: Any) -> AgentRecord | None:
    row = connection.execute(select(request_tables.agent).where(condition)).one_or_none()
    return None if row is None else _record(row)


def _read(connection: Connection, agent_id: str) -> AgentRecord:
    return _record(connection.execute(select(request_tables.agent).where(_agent.id == agent_id)).one())


def _record(row: Any) -> AgentRecord:
    return AgentRecord(**{name: getattr(row, name) for name in AgentRecord.__slots__})


def _refuse_failed(connection: Connection, batch_id: str) -> None:
    """Store as refused what has failed in a batch, so that it is not requested again."""
    failed = select(_request.target_id, _request.signature_id, _request.reason).where(
        _request.batch_id == batch_id, _request.state == RequestState.FAILED.value
    )
    for row in connection.execute(failed).all():
        refusals.keep(connection, row.target_id, {row.signature_id: row.reason})
