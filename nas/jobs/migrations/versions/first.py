"""The first schema."""

import sqlalchemy as sa
from alembic import op

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


def _api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("digest", name="uq_api_key_digest"),
    )


def _artifact() -> None:
    op.create_table(
        "artifact",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_artifact"),
    )


def _search() -> None:
    op.create_table(
        "search",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text()),
        sa.Column("state_message", sa.Text()),
        sa.Column("phase", sa.Text()),
        sa.Column("progress", sa.Text()),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("max_trials", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Text()),
        sa.Column("trials", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("running", sa.Integer(), server_default="0", nullable=False),
        sa.Column("succeeded", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("best_trial", sa.Integer()),
        sa.Column("best_reward", sa.Double()),
        sa.Column("target_latency_ms", sa.Double()),
        sa.Column("facts", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("transition_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("log_lines", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_search"),
    )
    op.create_index("ix_search_created_at", "search", ["created_at", "id"])
    op.create_index("ix_search_state", "search", ["state", "priority"])


def _training() -> None:
    op.create_table(
        "training",
        sa.Column("architecture_id", sa.Text(), nullable=False),
        sa.Column("data_digest", sa.Text(), nullable=False),
        sa.Column("recipe_id", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("architecture_id", "data_digest", "recipe_id", "seed", "epochs", name="pk_training"),
    )


def _artifact_link() -> None:
    op.create_table(
        "artifact_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_artifact_link_search_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["artifact.sha256"], name="fk_artifact_link_sha256"),
        sa.PrimaryKeyConstraint("id", name="pk_artifact_link"),
    )
    op.create_index("ix_artifact_link_search_id", "artifact_link", ["search_id", "number"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_attempt_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "number", "attempt", name="pk_attempt"),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_event_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "seq", name="pk_event"),
    )


def _export() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("epochs", sa.Integer()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("sha256", sa.Text()),
        sa.Column("file", sa.Text()),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("owner", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_export_search_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sha256"], ["artifact.sha256"], name="fk_export_sha256"),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
    )
    op.create_index("ix_export_search_id", "export", ["search_id", "number"])
    op.create_index("ix_export_state", "export", ["state", "created_at"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
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
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_log_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "n", name="pk_log"),
    )
    op.create_index("ix_log_number", "log", ["search_id", "number", "n"])


def _metric() -> None:
    op.create_table(
        "metric",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_metric_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "number", "epoch", name="pk_metric"),
    )


def _result() -> None:
    op.create_table(
        "result",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_result_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "name", name="pk_result"),
    )


def _trial() -> None:
    op.create_table(
        "trial",
        sa.Column("search_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("architecture_id", sa.Text(), nullable=False),
        sa.Column("notation", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("architecture", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("accuracy", sa.Double()),
        sa.Column("latency_ms", sa.Double()),
        sa.Column("params", sa.BigInteger()),
        sa.Column("macs", sa.BigInteger()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("reward", sa.Double()),
        sa.Column("reason", sa.Text()),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("on_front", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name="fk_trial_search_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("search_id", "number", name="pk_trial"),
    )
    op.create_index("ix_trial_front", "trial", ["search_id", "on_front"])
    op.create_index("ix_trial_seq", "trial", ["search_id", "seq"])
