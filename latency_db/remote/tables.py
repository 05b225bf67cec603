"""The tables for measuring on other machines: their agents, the models to be measured, and the batches in progress.

agent: a machine, known by its own id, which does not change with its name. request: one model to be measured on one
target. batch: the requests that were leased together; a batch is leased once, so that an agent which has lost it can
write nothing under its id. model: ONNX files that cannot be built from their key.
"""

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from latency_db.storing.tables import metadata
from nas.sql.column_types import Instant, Json
from nas.sql.declaring import optional, required

__all__ = ["BatchState", "RequestState", "agent", "batch", "metadata", "model", "request"]


class RequestState(StrEnum):
    """QUEUED: it waits for an agent. LEASED: an agent has it. DONE: its record is stored. FAILED: with a reason."""

    QUEUED = "QUEUED"
    LEASED = "LEASED"
    DONE = "DONE"
    FAILED = "FAILED"


class BatchState(StrEnum):
    """LEASED: an agent measures it. DONE: its results are stored. LOST: its run was replaced. RETURNED: given back."""

    LEASED = "LEASED"
    DONE = "DONE"
    LOST = "LOST"
    RETURNED = "RETURNED"


agent = Table(
    "agent",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    *(Column(name, String, unique=True) for name in ("key_id", "machine")),
    *optional(String, "run"),
    *required(Json, "facts"),
    *optional(String, "trouble"),
    *required(Instant, "created_at"),
    *optional(Instant, "last_seen_at"),
)

batch = Table(
    "batch",
    metadata,
    Column("id", String, primary_key=True),
    *(Column(f"{table}_id", ForeignKey(f"{table}.id"), nullable=False) for table in ("agent", "target")),
    *required(String, "run", "effort", "state"),
    *required(Instant, "leased_at", "lease_until"),
    *optional(Instant, "ended_at"),
    Index("batch_agent", "agent_id", "state"),
)

_OPEN = text("state IN ('QUEUED', 'LEASED')")
_ASKED = ("target_id", "signature_id", "effort")

request = Table(
    "request",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(f"{table}_id", ForeignKey(f"{table}.id"), nullable=False) for table in ("agent", "target", "signature")),
    *required(String, "effort"),
    Column("digest", String, nullable=False, index=True),
    *required(Integer, "size_bytes", "priority"),
    *required(String, "state"),
    *required(Integer, "attempts"),
    *optional(String, "reason"),
    Column("batch_id", ForeignKey("batch.id"), index=True),
    *required(Instant, "created_at"),
    *optional(Instant, "ended_at"),
    Index("request_asked", *_ASKED),
    Index("request_next", "agent_id", "state", "priority", "attempts", "id"),
    Index("request_once", *_ASKED, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)

model = Table("model", metadata, Column("digest", String, primary_key=True), *required(LargeBinary, "content"))
