"""Models that a target does not run: its runtime refused them, or ended with them."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from latency_db import queue_tables, tables
from latency_db.device import Device
from latency_db.records import Kind, Signature
from latency_db.rows import find_signatures, find_target
from latency_db.states import RequestState
from nas.jobs.columns import now, readable
from nas.jobs.database import insert

_refusal = tables.refusal.c
_request = queue_tables.request.c
MOST_CHARACTERS = 1000


def add(connection: Connection, device: Device, refused: Mapping[Signature, str]) -> None:
    """Keep what this machine's runtime refused, with the reasons."""
    target_id, ids = find_target(connection, device), find_signatures(connection, set(refused))
    _keep(connection, target_id, {ids[signature]: reason for signature, reason in refused.items()})


def add_of_batch(connection: Connection, batch_id: str) -> None:
    """Keep the requests of an agent's batch that have failed."""
    failed = select(_request.target_id, _request.signature_id, _request.reason).where(
        _request.batch_id == batch_id, _request.state == RequestState.FAILED.value
    )
    for row in connection.execute(failed).all():
        _keep(connection, row.target_id, {row.signature_id: row.reason})


def read(connection: Connection, target_id: int, kind: Kind) -> dict[str, str]:
    """Reasons by key."""
    signature = tables.signature.c
    refused = select(signature.key, _refusal.reason).join_from(tables.refusal, tables.signature)
    rows = connection.execute(refused.where(_refusal.target_id == target_id, signature.kind == kind.value))
    return {row.key: row.reason for row in rows}


def _keep(connection: Connection, target_id: int, reasons: Mapping[int, str]) -> None:
    rows = [
        {"target_id": target_id, "signature_id": signature_id, "reason": readable(reason)[:MOST_CHARACTERS]}
        for signature_id, reason in reasons.items()
    ]
    if rows:
        new = insert(connection, tables.refusal).values(at=now())
        changed = {"reason": new.excluded.reason, "at": new.excluded.at}
        keys = ["target_id", "signature_id"]
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_=changed), rows)
