"""The tables of measuring elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OPEN = sa.text("state IN ('QUEUED', 'LEASED')")


def upgrade() -> None:
    _agent()
    _batch()
    _request()
    _model()


def _agent() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_id", sa.String()),
        sa.Column("machine", sa.String()),
        sa.Column("run", sa.String()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("trouble", sa.String()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
        sa.UniqueConstraint("key_id", name="uq_agent_key_id"),
        sa.UniqueConstraint("machine", name="uq_agent_machine"),
        sa.UniqueConstraint("name", name="uq_agent_name"),
    )


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("effort", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("leased_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_batch_agent_id"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_batch_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
    )
    op.create_index("batch_agent", "batch", ["agent_id", "state"])


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("effort", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("batch_id", sa.String()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_request_agent_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_request_batch_id"),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name="fk_request_signature_id"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_request_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
    )
    op.create_index("ix_request_batch_id", "request", ["batch_id"])
    op.create_index("ix_request_digest", "request", ["digest"])
    op.create_index("request_next", "request", ["agent_id", "state", "priority", "attempts", "id"])
    op.create_index(
        "request_once",
        "request",
        ["target_id", "signature_id", "effort"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _model() -> None:
    op.create_table(
        "model",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_model"),
    )
