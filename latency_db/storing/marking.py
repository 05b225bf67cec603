"""What became known of samples after they were measured: that they are wrong, or outdated. They stay, with the mark."""

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from latency_db.records.record import RecordState
from latency_db.storing import tables
from latency_db.storing.consensus_rows import recompute, state_of
from latency_db.storing.rows import parts
from nas.sql.column_types import now


def mark(connection: Connection, target_id: int, keys: Collection[str] | None, state: RecordState, reason: str) -> int:
    """Mark the samples of these keys (None: of all) that are not rejected or marked so yet; returns how many."""
    sample, signature = tables.sample.c, tables.signature.c
    wanted = select(signature.id).where(
        signature.id.in_(select(sample.signature_id).where(sample.target_id == target_id))
    )
    queries = [wanted] if keys is None else [wanted.where(signature.key.in_(part)) for part in parts(list(keys))]
    signature_ids = [found for query in queries for found in connection.scalars(query)]
    connection.execute(select(tables.target.c.id).where(tables.target.c.id == target_id).with_for_update())
    marked = 0
    for ids in parts(signature_ids):
        changed = update(tables.sample).where(sample.target_id == target_id, sample.signature_id.in_(ids))
        changed = changed.where(state_of().not_in({state.value, RecordState.REJECTED.value}))
        values = {"mark": state.value, "mark_reason": reason, "marked_at": now()}
        marked += connection.execute(changed.values(**values)).rowcount
    recompute(connection, target_id, signature_ids)
    return marked
