"""The tables for measuring on other machines."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from nas.sql.declaring import optional, required

revision = "0002"
down_revision = "0001"

_OPEN = sa.text("state IN ('QUEUED', 'LEASED')")


def _refers_to(table: str, kind: "type[sa.Integer | sa.String]") -> "sa.Column[Any]":
    return sa.Column(f"{table}_id", kind(), sa.ForeignKey(f"{table}.id"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        *(sa.Column(name, sa.String(), unique=True) for name in ("key_id", "machine")),
        *optional(sa.String(), "run"),
        *required(sa.Text(), "facts"),
        *optional(sa.String(), "trouble"),
        *required(sa.BigInteger(), "created_at"),
        *optional(sa.BigInteger(), "last_seen_at"),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.String(), primary_key=True),
        _refers_to("agent", sa.String),
        _refers_to("target", sa.Integer),
        *required(sa.String(), "run", "effort", "state"),
        *required(sa.BigInteger(), "leased_at", "lease_until"),
        *optional(sa.BigInteger(), "ended_at"),
    )
    op.create_index("batch_agent", "batch", ["agent_id", "state"])
    _request()
    op.create_table("model", sa.Column("digest", sa.String(), primary_key=True), *required(sa.LargeBinary(), "content"))


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), primary_key=True),
        _refers_to("agent", sa.String),
        _refers_to("target", sa.Integer),
        _refers_to("signature", sa.Integer),
        *required(sa.String(), "effort", "digest"),
        *required(sa.Integer(), "size_bytes", "priority"),
        *required(sa.String(), "state"),
        *required(sa.Integer(), "attempts"),
        *optional(sa.String(), "reason"),
        sa.Column("batch_id", sa.String(), sa.ForeignKey("batch.id")),
        *required(sa.BigInteger(), "created_at"),
        *optional(sa.BigInteger(), "ended_at"),
    )
    op.create_index("ix_request_batch_id", "request", ["batch_id"])
    op.create_index("ix_request_digest", "request", ["digest"])
    op.create_index("request_next", "request", ["agent_id", "state", "priority", "attempts", "id"])
    asked = ["target_id", "signature_id", "effort"]
    op.create_index("request_once", "request", asked, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
