"""Devices, targets, signatures and sessions as rows of the tables, and back."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Table, select, update

from latency_db.devices.device import Device
from latency_db.records.record import Kind, MeasurementSession, RecordState, Signature
from latency_db.storing import tables
from nas.sql.database import insert

V = TypeVar("V")

_QUERY_SIZE = 500


def parts(values: Sequence[V]) -> Iterator[Sequence[V]]:
    """The values in parts small enough for one query."""
    return (values[start : start + _QUERY_SIZE] for start in range(0, len(values), _QUERY_SIZE))


def _find_or_add(connection: Connection, table: Table, unique: Mapping[str, Any], more: Mapping[str, Any]) -> int:
    """The id of the row with these unique columns; a new row gets the others as well."""
    known = select(table.c.id).where(*(table.c[name] == value for name, value in unique.items()))
    found = connection.scalar(known)
    if found is None:
        connection.execute(insert(connection, table).values(**unique, **more).on_conflict_do_nothing())
        found = connection.execute(known).scalar_one()
    return int(found)


def machine_row(connection: Connection, device: Device) -> int:
    """The id of the device's machine, which is added if it is new."""
    machine = {"machine": dict(device.machine)}
    return _find_or_add(connection, tables.device, {"machine_id": device.machine_id}, machine)


def find_target(connection: Connection, device: Device) -> int:
    """The id of the device's target, which is added if it is new, and renamed if the device has another name now."""
    identity = {"device_id": machine_row(connection, device), **_identity(device)}
    target_id = _find_or_add(connection, tables.target, identity, {"name": device.name})
    target = tables.target
    renamed = update(target).where(target.c.id == target_id, target.c.name != device.name)
    connection.execute(renamed.values(name=device.name))
    return target_id


def target_of(connection: Connection, device: Device) -> int | None:
    """The id of the device's target; None if it is not stored."""
    target = tables.target
    known = select(target.c.id).join(tables.device).where(tables.device.c.machine_id == device.machine_id)
    return connection.scalar(known.where(*(target.c[name] == value for name, value in _identity(device).items())))


def _identity(device: Device) -> dict[str, Any]:
    """The columns that identify a target of a machine."""
    return {name: getattr(device, name) for name in tables.IDENTITY if name != "device_id"}


def target_device(connection: Connection, target_id: int) -> Device:
    """The device of a target."""
    joined = select(tables.target, tables.device.c.machine).join(tables.device).where(tables.target.c.id == target_id)
    return read_device(connection.execute(joined).one())


def read_device(row: Row[Any]) -> Device:
    """The device of a row of `target` joined with `device.machine`."""
    runtime = {"runtime": row.runtime, "runtime_version": row.runtime_version}
    return Device(
        name=row.name,
        runtime=row.runtime,
        precision=row.precision,
        threads=row.threads,
        fingerprint={**row.machine, **runtime},
        batch=row.batch,
        layout=row.layout,
        source=row.source,
    )


def find_signatures(connection: Connection, wanted: Collection[Signature]) -> dict[Signature, int]:
    """Ids of the signatures; new ones are added, in a fixed order, so that writers do not deadlock."""
    found = signature_ids(connection, wanted)
    new = sorted(set(wanted) - set(found), key=lambda signature: (signature.kind, signature.key))
    if new:
        rows = [{"kind": signature.kind.value, "key": signature.key} for signature in new]
        connection.execute(insert(connection, tables.signature).on_conflict_do_nothing(), rows)
        found |= signature_ids(connection, new)
    return found


def signature_ids(connection: Connection, wanted: Collection[Signature]) -> dict[Signature, int]:
    """Ids of the signatures that are stored."""
    signature = tables.signature.c
    found: dict[Signature, int] = {}
    for kind in Kind:
        for keys in parts([given.key for given in wanted if given.kind is kind]):
            known = select(signature.key, signature.id).where(signature.kind == kind.value, signature.key.in_(keys))
            found |= {Signature(row.key, kind): row.id for row in connection.execute(known)}
    return found


def session_row(session: MeasurementSession) -> dict[str, Any]:
    """All columns but target_id and added_at."""
    values = {field.name: getattr(session, field.name) for field in fields(session) if field.name != "device"}
    return values | {"name": session.device.name, "state": session.state.value}


def read_session(row: Row[Any], device: Device) -> MeasurementSession:
    values = {field.name: getattr(row, field.name) for field in fields(MeasurementSession) if field.name != "device"}
    return MeasurementSession(device=device, **values | {"state": RecordState(row.state)})
