"""The devices that agents offer: stored as targets under the agent's name, each of one machine, and not too many."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, union, update

from latency_db.devices.device import Device
from latency_db.devices.local import LocalName
from latency_db.errors import AgentError
from latency_db.remote import tables as request_tables
from latency_db.remote.tables import RequestState
from latency_db.storing import tables
from latency_db.storing.known_devices import AGENT_FACT
from latency_db.storing.rows import find_target, machine_row, read_device
from nas.sql.column_types import now

MAX_DEVICES = 64
"""Of an agent. Another version of a runtime is the same device here."""

_request = request_tables.request.c
_target = tables.target.c
_WAY = ("runtime", "precision", "threads", "batch")
"""What makes a device of a machine another one; a new version of its runtime replaces it."""


def offer(connection: Connection, agent_id: str, name: str, machine: str, devices: Sequence[Device]) -> list[str]:
    """Store the devices of a machine under its agent's name; returns their names.

    All of the machine's targets get the name. Requests that wait for another version of a device's runtime fail.
    AgentError if another machine has a device of one of the names, or if there are more than MAX_DEVICES.
    """
    offered = {find_target(connection, _named(connection, name, device)): device for device in devices}
    own = _targets(connection, machine)
    for row in own:
        connection.execute(update(tables.target).where(_target.id == row.id).values(name=_name(name, read_device(row))))
    _check_unique(connection, machine, [_name(name, device) for device in devices])
    for target_id, device in offered.items():
        outdated = {row.id for row in own if _way(row) == _way(device)} - {target_id}
        _fail_outdated(connection, agent_id, outdated, device)
    if len(own) > MAX_DEVICES:
        _check_number(connection, own, offered)
    return [_name(name, device) for device in devices]


def _name(agent: str, device: Device) -> str:
    """The device's name: as LocalName writes it, with the agent's name in place of `local`."""
    return f"{agent}{str(LocalName(device.runtime, device.precision, device.threads)).removeprefix('local')}"


def _named(connection: Connection, agent: str, offered: Device) -> Device:
    """The offered device under the agent's name. AgentError if its facts have the digest of another machine's."""
    named = _name(agent, offered)
    device = Device(named, offered.runtime, offered.precision, offered.threads, offered.fingerprint, offered.batch)
    machine_id = machine_row(connection, device)
    known = connection.execute(select(tables.device.c.machine).where(tables.device.c.id == machine_id)).scalar_one()
    if known != device.machine:
        raise AgentError(f"another machine has the id {device.machine_id}; offer more facts in the fingerprint")
    return device


def _targets(connection: Connection, machine: str) -> list[Row[Any]]:
    """Rows of the targets of the machine with an agent, as read_device takes them."""
    joined = select(tables.target, tables.device.c.machine).join(tables.device).order_by(_target.id)
    return [row for row in connection.execute(joined) if row.machine.get(AGENT_FACT) == machine]


def _way(device: Any) -> tuple[Any, ...]:
    return tuple(getattr(device, name) for name in _WAY)


def _check_unique(connection: Connection, machine: str, names: Collection[str]) -> None:
    joined = select(_target.name, tables.device.c.machine).join_from(tables.target, tables.device)
    for row in connection.execute(joined.where(_target.name.in_(names))):
        if row.machine.get(AGENT_FACT) not in (None, machine):
            raise AgentError(f"another machine has a device {row.name!r}; choose another name with --name")


def _fail_outdated(connection: Connection, agent_id: str, outdated: Collection[int], device: Device) -> None:
    """End the requests that wait for another version of the device's runtime."""
    gone = update(request_tables.request).where(
        _request.agent_id == agent_id,
        _request.target_id.in_(outdated),
        _request.state == RequestState.QUEUED.value,
    )
    reason = f"the device has {device.runtime} {device.runtime_version} now; ask again"
    connection.execute(gone.values(state=RequestState.FAILED.value, reason=reason, ended_at=now()))


def _check_number(connection: Connection, own: Sequence[Row[Any]], offered: Collection[int]) -> None:
    """AgentError if there are more than MAX_DEVICES; replaced targets that nothing refers to are removed."""
    ways = {_way(row) for row in own}
    if len(ways) > MAX_DEVICES:
        raise AgentError(
            f"with these devices this agent has {len(ways)}, and {MAX_DEVICES} at most are allowed; start it with "
            "fewer --runtime and --threads"
        )
    current = {_way(row) for row in own if row.id in offered}
    replaced = {row.id for row in own if row.id not in offered and _way(row) in current}
    referring = [table.c.target_id for table in tables.metadata.tables.values() if "target_id" in table.c]
    used = connection.scalars(union(*(select(column).where(column.in_(replaced)) for column in referring))).all()
    connection.execute(delete(tables.target).where(_target.id.in_(replaced - set(used))))
    without = ~select(_target.id).where(_target.device_id == tables.device.c.id).exists()
    connection.execute(delete(tables.device).where(tables.device.c.id.in_({row.device_id for row in own}), without))
