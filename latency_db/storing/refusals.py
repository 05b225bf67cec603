"""Models that a target does not run: its runtime refused them or crashed."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from latency_db.devices.device import Device
from latency_db.records.record import Kind, Signature
from latency_db.storing import tables
from latency_db.storing.rows import find_signatures, find_target
from nas.sql.column_types import now, readable
from nas.sql.database import upsert

_refusal = tables.refusal.c
MAX_CHARACTERS = 1000


def add(connection: Connection, device: Device, refused: Mapping[Signature, str]) -> None:
    """Store the models that a device refused, with the reasons."""
    target_id, ids = find_target(connection, device), find_signatures(connection, set(refused))
    keep(connection, target_id, {ids[signature]: reason for signature, reason in refused.items()})


def read(connection: Connection, target_id: int, kind: Kind) -> dict[str, str]:
    """Reasons by key, of a target's refused models of one kind."""
    signature = tables.signature.c
    refused = select(signature.key, _refusal.reason).join_from(tables.refusal, tables.signature)
    rows = connection.execute(refused.where(_refusal.target_id == target_id, signature.kind == kind.value))
    return {row.key: row.reason for row in rows}


def keep(connection: Connection, target_id: int, reasons: Mapping[int, str]) -> None:
    """Store refusals by the ids of target and signatures; a later reason replaces an earlier one."""
    rows = [
        {"target_id": target_id, "signature_id": signature_id, "reason": readable(reason)[:MAX_CHARACTERS]}
        for signature_id, reason in reasons.items()
    ]
    upsert(connection, tables.refusal, rows, at=now())
