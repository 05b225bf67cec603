"""The first schema that SQLite and PostgreSQL share; an SQLite file of before is carried over."""

import sqlalchemy as sa
from alembic import op

from latency_db.storing.migrations import before
from nas.sql.declaring import optional, required

revision = "0001"
down_revision = None

LAYOUT = 3
SUMMARIES = ("min_ms", "p10_ms", "p25_ms", "median_ms", "trimmed_mean_ms", "mean_ms", "p90_ms", "p99_ms", "std_ms")


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    has_before = is_sqlite and before.found(connection)
    if has_before:
        before.set_aside(connection)
    _devices()
    _records()
    _values()
    if has_before:
        before.carry_over(connection)
    if is_sqlite:
        connection.exec_driver_sql(f"PRAGMA user_version = {LAYOUT}")


def _id() -> "sa.Column[int]":
    return sa.Column("id", sa.Integer(), primary_key=True)


def _refers_to(table: str) -> "sa.Column[int]":
    return sa.Column(f"{table}_id", sa.Integer(), sa.ForeignKey(f"{table}.id"), nullable=False)


def _devices() -> None:
    op.create_table(
        "device",
        _id(),
        sa.Column("machine_id", sa.Text(), nullable=False, unique=True),
        *required(sa.Text(), "machine"),
    )
    op.create_table("signature", _id(), *required(sa.Text(), "kind", "key"), sa.UniqueConstraint("kind", "key"))
    op.create_table(
        "target",
        _id(),
        _refers_to("device"),
        *required(sa.Text(), "name", "runtime", "runtime_version", "precision"),
        *required(sa.Integer(), "threads", "batch"),
        *required(sa.Text(), "layout", "source"),
        sa.UniqueConstraint(
            *("device_id", "runtime", "runtime_version", "precision", "threads", "batch", "layout", "source")
        ),
    )


def _records() -> None:
    op.create_table(
        "session",
        _id(),
        sa.Column("uid", sa.Text(), nullable=False, unique=True),
        _refers_to("target"),
        *required(sa.Text(), "name"),
        *required(sa.BigInteger(), "started_at", "added_at"),
        *required(sa.Text(), "harness", "environment"),
        *optional(sa.Double(), "empty_ms", "reference_ms", "reference_drift"),
        *required(sa.Text(), "state"),
        *optional(sa.Text(), "reason", "licence"),
        *required(sa.Text(), "unit"),
    )
    op.create_index("ix_session_target_id", "session", ["target_id", "started_at"])
    op.create_table(
        "sample",
        _id(),
        *map(_refers_to, ("session", "target", "signature")),
        *required(sa.Text(), "statistic"),
        *required(sa.Double(), "latency_ms"),
        *optional(sa.Double(), "error_ms"),
        *required(sa.Text(), "rounds_ms"),
        *_statistics("wall"),
        *_statistics("cpu"),
        *required(sa.Text(), "state"),
        *optional(sa.Text(), "reason", "mark", "mark_reason"),
        *optional(sa.BigInteger(), "marked_at"),
        sa.UniqueConstraint("session_id", "signature_id"),
    )
    op.create_index("ix_sample_target_id", "sample", ["target_id", "signature_id", "id"])


def _statistics(clock: str) -> "list[sa.Column[float] | sa.Column[int]]":
    times = optional(sa.Double(), *(f"{clock}_{name}" for name in SUMMARIES))
    return [*times, sa.Column(f"{clock}_n", sa.Integer())]


def _values() -> None:
    op.create_table(
        "estimate",
        *map(_refers_to, ("target", "signature")),
        *required(sa.Double(), "value_ms"),
        *optional(sa.Double(), "within_ms", "between_ms"),
        *required(sa.Integer(), "sessions", "samples"),
        *required(sa.Text(), "statistic", "method", "state"),
        *optional(sa.Text(), "reason"),
        sa.PrimaryKeyConstraint("target_id", "signature_id"),
    )
    op.create_table(
        "prediction",
        _id(),
        *map(_refers_to, ("target", "signature")),
        *required(sa.Double(), "predicted_ms", "low_ms", "high_ms"),
        *required(sa.Double(), "measured_share", "interpolated_share", "learned_share"),
        *required(sa.Text(), "source"),
        *required(sa.BigInteger(), "at"),
        *optional(sa.Double(), "measured_ms"),
        *optional(sa.BigInteger(), "measured_at"),
    )
    op.create_index("ix_prediction_target_id", "prediction", ["target_id", "signature_id"])
