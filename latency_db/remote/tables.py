"""The tables for measuring on other machines: their agents, the models to be measured, and the batches in progress.

agent: a machine, known by its own id, which does not change with its name. request: one model to be measured on one
target. batch: the requests that were leased together; a batch is leased once, so that an agent which has lost it can
write nothing under its id. model: ONNX files that cannot be built from their key.
"""

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from latency_db.storing.tables import metadata
from nas.sql.column_types import Instant, Json

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
    Column("key_id", String, unique=True),
    Column("machine", String, unique=True),
    Column("run", String),
    Column("facts", Json, nullable=False),
    Column("trouble", String),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant),
)

batch = Table(
    "batch",
    metadata,
    Column("id", String, primary_key=True),
    Column("agent_id", ForeignKey("agent.id"), nullable=False),
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("run", String, nullable=False),
    Column("effort", String, nullable=False),
    Column("state", String, nullable=False),
    Column("leased_at", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("batch_agent", "agent_id", "state"),
)

_OPEN = text("state IN ('QUEUED', 'LEASED')")

request = Table(
    "request",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent_id", ForeignKey("agent.id"), nullable=False),
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("signature_id", ForeignKey("signature.id"), nullable=False),
    Column("effort", String, nullable=False),
    Column("digest", String, nullable=False, index=True),
    Column("size_bytes", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", String),
    Column("batch_id", ForeignKey("batch.id"), index=True),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("request_asked", "target_id", "signature_id", "effort"),
    Index("request_next", "agent_id", "state", "priority", "attempts", "id"),
    Index(
        "request_once", "target_id", "signature_id", "effort",
        unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN,
    ),
)  # fmt: skip

model = Table(
    "model",
    metadata,
    Column("digest", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
