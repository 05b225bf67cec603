"""Agents: the machines that measure for a service, by an id of their own, whatever they are called."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from latency_db.devices.device import Device
from latency_db.devices.local import LocalName
from latency_db.errors import AgentError
from latency_db.remote import tables as queue_tables
from latency_db.remote.states import BatchState, RequestState
from latency_db.storing import refusals, tables
from latency_db.storing.rows import find_target, machine_row
from latency_db.storing.store import Store
from nas.jobs.keys import Keys
from nas.sql.column_types import now
from nas.sql.ids import new_id

_agent = queue_tables.agent.c
_batch = queue_tables.batch.c
_request = queue_tables.request.c
_target = tables.target.c
NAME = r"[a-z0-9][a-z0-9_.-]{0,62}"


@dataclass(frozen=True, slots=True)
class Hello:
    """What an agent says of itself when it starts.

    machine: its own id. run: of this start; a later one ends the leases of an earlier. facts: about the machine.
    devices: the ways to run networks that it offers, named as LocalName writes them.
    """

    machine: str
    run: str
    name: str | None
    facts: Mapping[str, Any]
    devices: Sequence[Device]


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """trouble: what the agent complained of when it was last seen. devices: names of its targets."""

    id: str
    name: str
    key_id: str | None
    machine: str | None
    facts: Mapping[str, Any]
    trouble: str | None
    created_at: datetime
    last_seen_at: datetime | None


class Agents:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, key_id: str | None) -> AgentRecord:
        """A place for an agent that will come with this API key. AgentError if the name is taken."""
        with self._store.writing() as connection:
            _check_name(connection, name, None)
            return _insert(connection, name, key_id)

    def add_with_token(self, name: str, keys: Keys) -> tuple[AgentRecord, str]:
        """A place for an agent, and a new API key for it alone. AgentError if the name is taken, or is none."""
        key, token = keys.create(f"device {name}", ["agent"])
        try:
            return self.add(name, key.id), token
        except BaseException:
            keys.revoke(key.id)
            raise

    def register(self, hello: Hello, key_id: str | None) -> tuple[AgentRecord, list[str]]:
        """The agent that started, and the names of its devices. What an earlier run had leased is queued again.

        A key stays with the first machine that registers with it. AgentError if it is another's, or the name is.
        """
        with self._store.writing() as connection:
            known = _find(connection, hello, key_id)
            name = hello.name or known.name
            _check_name(connection, name, known.id)
            values = {"machine": hello.machine, "name": name, "run": hello.run, "facts": dict(hello.facts)}
            if key_id is not None:
                values["key_id"] = key_id
            changed = update(queue_tables.agent).where(_agent.id == known.id)
            connection.execute(changed.values(**values, trouble=None, last_seen_at=now()))
            _end_leases(connection, known.id, hello.run)
            names = [_offer(connection, known.id, name, device) for device in hello.devices]
            return _read(connection, known.id), names

    def all(self) -> list[AgentRecord]:
        """By name."""
        with self._store.reading() as connection:
            return [_record(row) for row in connection.execute(select(queue_tables.agent).order_by(_agent.name))]

    def of_key(self, agent_id: str, key_id: str | None) -> AgentRecord | None:
        """The agent, if it registered with this key, or with none."""
        with self._store.reading() as connection:
            mine = select(queue_tables.agent).where(_agent.id == agent_id, _agent.key_id.is_not_distinct_from(key_id))
            row = connection.execute(mine).one_or_none()
        return None if row is None else _record(row)


def agent_device(name: str, device: Device) -> Device:
    """The device of an agent of this name: as LocalName writes it, with the agent's name in place of `local`."""
    local = str(LocalName(device.runtime, device.precision, device.threads))
    named = f"{name}{local.removeprefix('local')}"
    return Device(named, device.runtime, device.precision, device.threads, device.fingerprint, device.batch)


def _find(connection: Connection, hello: Hello, key_id: str | None) -> AgentRecord:
    """The row of the machine or else of the key, made where there is none; both become one."""
    of_machine = _one(connection, _agent.machine == hello.machine)
    of_key = None if key_id is None else _one(connection, _agent.key_id == key_id)
    if of_key is not None and of_key.machine not in (None, hello.machine):
        raise AgentError(
            f"this token is that of {of_key.name!r}, another machine; make one for this machine with "
            "`nas device add NAME`, or revoke it if the other is gone"
        )
    if of_machine is None:
        if of_key is not None:
            return of_key
        if hello.name is None:
            raise AgentError("this agent has no name yet; give it one with --name")
        _check_name(connection, hello.name, None)
        return _insert(connection, hello.name, key_id)
    if of_key is not None and of_key.id != of_machine.id:  # a new token for a machine that is known
        connection.execute(delete(queue_tables.agent).where(_agent.id == of_key.id))
        connection.execute(update(queue_tables.agent).where(_agent.id == of_machine.id).values(name=of_key.name))
    return _read(connection, of_machine.id)


def _offer(connection: Connection, agent_id: str, name: str, offered: Device) -> str:
    """Make the device known under the agent's name. What waits for another version of its runtime has failed."""
    device = agent_device(name, offered)
    target_id = find_target(connection, device)
    same = [_target.device_id == machine_row(connection, device), _target.runtime == device.runtime]
    same += [_target.precision == device.precision, _target.threads == device.threads, _target.batch == device.batch]
    outdated = select(_target.id).where(*same, _target.id != target_id)
    gone = update(queue_tables.request).where(
        _request.agent_id == agent_id, _request.target_id.in_(outdated), _request.state == RequestState.QUEUED.value
    )
    reason = f"the device has {device.runtime} {device.runtime_version} now; ask again"
    connection.execute(gone.values(state=RequestState.FAILED.value, reason=reason, ended_at=now()))
    return device.name


def _end_leases(connection: Connection, agent_id: str, run: str) -> None:
    lost = select(_batch.id).where(
        _batch.agent_id == agent_id, _batch.state == BatchState.LEASED.value, _batch.run != run
    )
    for batch_id in connection.scalars(lost).all():
        give_back(connection, batch_id, BatchState.LOST, "the agent that measured it was started anew")


def give_back(connection: Connection, batch_id: str, state: BatchState, reason: str) -> None:
    """End a batch without results: its requests wait again, those that were tried often enough have failed."""
    ended = update(queue_tables.batch).where(_batch.id == batch_id)
    connection.execute(ended.values(state=state.value, ended_at=now()))
    leased = update(queue_tables.request).where(
        _request.batch_id == batch_id, _request.state == RequestState.LEASED.value
    )
    spent = leased.where(_request.attempts >= MOST_ATTEMPTS)
    connection.execute(spent.values(state=RequestState.FAILED.value, reason=reason, ended_at=now()))
    connection.execute(leased.values(state=RequestState.QUEUED.value, reason=reason))
    _refuse_failed(connection, batch_id)


MOST_ATTEMPTS = 3
"""How often a request is tried; each time among fewer others, so that a model that ends the agent is alone at last."""


def _check_name(connection: Connection, name: str, agent_id: str | None) -> None:
    if not re.fullmatch(NAME, name):
        raise AgentError(f"{name!r} is no name: up to 63 of a-z, 0-9, `_`, `.` and `-`, a letter or digit first")
    if name == "local" or name.startswith("local-"):
        raise AgentError("names that begin with `local` are the service's own machine; choose another with --name")
    holder = connection.scalar(select(_agent.id).where(_agent.name == name))
    if holder not in (None, agent_id):
        raise AgentError(f"another device has the name {name!r}; choose another with --name")


def _insert(connection: Connection, name: str, key_id: str | None) -> AgentRecord:
    agent_id = new_id("agt")
    row = insert(queue_tables.agent).values(id=agent_id, name=name, key_id=key_id, facts={}, created_at=now())
    connection.execute(row)
    return _read(connection, agent_id)


def _one(connection: Connection, condition: Any) -> AgentRecord | None:
    row = connection.execute(select(queue_tables.agent).where(condition)).one_or_none()
    return None if row is None else _record(row)


def _read(connection: Connection, agent_id: str) -> AgentRecord:
    return _record(connection.execute(select(queue_tables.agent).where(_agent.id == agent_id)).one())


def _record(row: Any) -> AgentRecord:
    return AgentRecord(**{name: getattr(row, name) for name in AgentRecord.__slots__})


def _refuse_failed(connection: Connection, batch_id: str) -> None:
    """Keep the requests of an agent's batch that have failed."""
    failed = select(_request.target_id, _request.signature_id, _request.reason).where(
        _request.batch_id == batch_id, _request.state == RequestState.FAILED.value
    )
    for row in connection.execute(failed).all():
        refusals.keep(connection, row.target_id, {row.signature_id: row.reason})
