"""The first schema."""

import sqlalchemy as sa
from alembic import op

from nas.sql.declaring import counters, optional, required

revision = "0001"
down_revision = None


def upgrade() -> None:
    _api_key()
    _artifact()
    _search()
    _training()
    _artifact_link()
    _attempt()
    _event()
    _export()
    _idempotency()
    _log()
    _metric()
    _result()
    _trial()


def _of_search() -> "sa.Column[str]":
    return sa.Column("search_id", sa.Text(), sa.ForeignKey("search.id", ondelete="CASCADE"), nullable=False)


def _api_key() -> None:
    op.create_table(
        "api_key",
        *required(sa.Text(), "id", "name", "digest", "prefix", "scopes"),
        *required(sa.BigInteger(), "created_at"),
        *optional(sa.BigInteger(), "expires_at", "last_used_at", "revoked_at"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("digest", name="uq_api_key_digest"),
    )


def _artifact() -> None:
    op.create_table(
        "artifact",
        *required(sa.Text(), "sha256"),
        *required(sa.BigInteger(), "size_bytes"),
        *required(sa.Text(), "media_type"),
        *required(sa.BigInteger(), "created_at"),
        sa.PrimaryKeyConstraint("sha256", name="pk_artifact"),
    )


def _search() -> None:
    op.create_table(
        "search",
        *required(sa.Text(), "id", "name", "labels", "spec", "state"),
        *optional(sa.Text(), "state_reason", "state_message", "phase", "progress"),
        *required(sa.Integer(), "priority", "max_trials"),
        *optional(sa.Text(), "parent_id"),
        *counters(sa.Integer, "trials", "queued", "running", "succeeded", "failed", "cancelled", "refused", "reused"),
        *optional(sa.Integer(), "best_trial"),
        *optional(sa.Double(), "best_reward", "target_latency_ms"),
        *optional(sa.Text(), "facts"),
        *required(sa.BigInteger(), "created_at"),
        *optional(sa.BigInteger(), "started_at", "ended_at"),
        *required(sa.BigInteger(), "transition_at"),
        *optional(sa.BigInteger(), "deleted_at"),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        *counters(sa.BigInteger, "last_seq", "log_lines"),
        *optional(sa.Text(), "owner"),
        *counters(sa.BigInteger, "epoch"),
        *optional(sa.BigInteger(), "lease_until"),
        sa.PrimaryKeyConstraint("id", name="pk_search"),
    )
    op.create_index("ix_search_created_at", "search", ["created_at", "id"])
    op.create_index("ix_search_state", "search", ["state", "priority"])


def _training() -> None:
    op.create_table(
        "training",
        *required(sa.Text(), "architecture_id", "data_digest", "recipe_id"),
        *required(sa.BigInteger(), "seed"),
        *required(sa.Integer(), "epochs"),
        *required(sa.Text(), "metrics"),
        *required(sa.BigInteger(), "created_at"),
        sa.PrimaryKeyConstraint("architecture_id", "data_digest", "recipe_id", "seed", "epochs", name="pk_training"),
    )


def _artifact_link() -> None:
    op.create_table(
        "artifact_link",
        *required(sa.Integer(), "id"),
        _of_search(),
        *optional(sa.Integer(), "number"),
        *required(sa.Text(), "kind", "file"),
        sa.Column("sha256", sa.Text(), sa.ForeignKey("artifact.sha256"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_artifact_link"),
    )
    op.create_index("ix_artifact_link_search_id", "artifact_link", ["search_id", "number"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        _of_search(),
        *required(sa.Integer(), "number", "attempt"),
        *required(sa.BigInteger(), "epoch"),
        *required(sa.Text(), "worker", "state"),
        *optional(sa.Text(), "reason"),
        *required(sa.BigInteger(), "started_at"),
        *optional(sa.BigInteger(), "ended_at"),
        sa.PrimaryKeyConstraint("search_id", "number", "attempt", name="pk_attempt"),
    )


def _event() -> None:
    op.create_table(
        "event",
        _of_search(),
        *required(sa.BigInteger(), "seq"),
        *required(sa.Text(), "type"),
        *required(sa.BigInteger(), "at"),
        *required(sa.Text(), "data"),
        sa.PrimaryKeyConstraint("search_id", "seq", name="pk_event"),
    )


def _export() -> None:
    op.create_table(
        "export",
        *required(sa.Text(), "id"),
        _of_search(),
        *required(sa.Integer(), "number"),
        *required(sa.Text(), "format"),
        *optional(sa.Integer(), "epochs"),
        *required(sa.Text(), "state"),
        *optional(sa.Text(), "reason"),
        sa.Column("sha256", sa.Text(), sa.ForeignKey("artifact.sha256")),
        *optional(sa.Text(), "file"),
        *required(sa.Text(), "metrics"),
        *required(sa.BigInteger(), "created_at"),
        *optional(sa.BigInteger(), "ended_at"),
        *optional(sa.Text(), "owner"),
        *counters(sa.BigInteger, "epoch"),
        *optional(sa.BigInteger(), "lease_until"),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
    )
    op.create_index("ix_export_search_id", "export", ["search_id", "number"])
    op.create_index("ix_export_state", "export", ["state", "created_at"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        *required(sa.Text(), "owner", "key", "digest", "search_id"),
        *required(sa.BigInteger(), "created_at"),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["search.id"],
            name="fk_idempotency_search_id",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])
    op.create_index("ix_idempotency_search_id", "idempotency", ["search_id"])


def _log() -> None:
    op.create_table(
        "log",
        _of_search(),
        *required(sa.BigInteger(), "n"),
        *optional(sa.Integer(), "number"),
        *required(sa.BigInteger(), "at"),
        *required(sa.Text(), "text"),
        sa.PrimaryKeyConstraint("search_id", "n", name="pk_log"),
    )
    op.create_index("ix_log_number", "log", ["search_id", "number", "n"])


def _metric() -> None:
    op.create_table(
        "metric",
        _of_search(),
        *required(sa.Integer(), "number", "epoch"),
        *required(sa.Text(), "metrics"),
        sa.PrimaryKeyConstraint("search_id", "number", "epoch", name="pk_metric"),
    )


def _result() -> None:
    op.create_table(
        "result",
        _of_search(),
        *required(sa.Text(), "name"),
        *optional(sa.Text(), "value"),
        sa.PrimaryKeyConstraint("search_id", "name", name="pk_result"),
    )


def _trial() -> None:
    op.create_table(
        "trial",
        _of_search(),
        *required(sa.Integer(), "number"),
        *required(sa.Text(), "state", "architecture_id", "notation", "choices", "architecture", "metrics"),
        *optional(sa.Double(), "accuracy", "latency_ms"),
        *optional(sa.BigInteger(), "params", "macs", "size_bytes"),
        *optional(sa.Double(), "reward"),
        *optional(sa.Text(), "reason"),
        *required(sa.Boolean(), "reused", "on_front"),
        *required(sa.Integer(), "attempts"),
        *required(sa.BigInteger(), "seq", "created_at"),
        *optional(sa.BigInteger(), "started_at", "ended_at"),
        sa.PrimaryKeyConstraint("search_id", "number", name="pk_trial"),
    )
    op.create_index("ix_trial_front", "trial", ["search_id", "on_front"])
    op.create_index("ix_trial_seq", "trial", ["search_id", "seq"])
