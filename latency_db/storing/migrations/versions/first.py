"""The first schema that SQLite and PostgreSQL share; an SQLite file of before is carried over."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from latency_db.storing.migrations import before

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
    _device()
    _signature()
    _target()
    _session()
    _sample()
    _estimate()
    _prediction()
    if has_before:
        before.carry_over(connection)
    if is_sqlite:
        connection.exec_driver_sql(f"PRAGMA user_version = {LAYOUT}")


def _statistics() -> Iterator["sa.Column[float] | sa.Column[int]"]:
    for clock in ("wall", "cpu"):
        yield from (sa.Column(f"{clock}_{name}", sa.Double()) for name in SUMMARIES)
        yield sa.Column(f"{clock}_n", sa.Integer())


def _device() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("machine_id", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("machine_id", name="uq_device_machine_id"),
    )


def _signature() -> None:
    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signature"),
        sa.UniqueConstraint("kind", "key", name="uq_signature_kind"),
    )


def _target() -> None:
    op.create_table(
        "target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("runtime", sa.Text(), nullable=False),
        sa.Column("runtime_version", sa.Text(), nullable=False),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_target_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
        sa.UniqueConstraint(
            "device_id",
            "runtime",
            "runtime_version",
            "precision",
            "threads",
            "batch",
            "layout",
            "source",
            name="uq_target_device_id",
        ),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("harness", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("empty_ms", sa.Double()),
        sa.Column("reference_ms", sa.Double()),
        sa.Column("reference_drift", sa.Double()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("licence", sa.Text()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_session_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("uid", name="uq_session_uid"),
    )
    op.create_index("ix_session_target_id", "session", ["target_id", "started_at"])


def _sample() -> None:
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=False),
        sa.Column("error_ms", sa.Double()),
        sa.Column("rounds_ms", sa.Text(), nullable=False),
        *_statistics(),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("mark", sa.Text()),
        sa.Column("mark_reason", sa.Text()),
        sa.Column("marked_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_sample_session_id"),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name="fk_sample_signature_id"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_sample_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
        sa.UniqueConstraint("session_id", "signature_id", name="uq_sample_session_id"),
    )
    op.create_index("ix_sample_target_id", "sample", ["target_id", "signature_id", "id"])


def _estimate() -> None:
    op.create_table(
        "estimate",
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("value_ms", sa.Double(), nullable=False),
        sa.Column("within_ms", sa.Double()),
        sa.Column("between_ms", sa.Double()),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name="fk_estimate_signature_id"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_estimate_target_id"),
        sa.PrimaryKeyConstraint("target_id", "signature_id", name="pk_estimate"),
    )


def _prediction() -> None:
    op.create_table(
        "prediction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("predicted_ms", sa.Double(), nullable=False),
        sa.Column("low_ms", sa.Double(), nullable=False),
        sa.Column("high_ms", sa.Double(), nullable=False),
        sa.Column("measured_share", sa.Double(), nullable=False),
        sa.Column("interpolated_share", sa.Double(), nullable=False),
        sa.Column("learned_share", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("measured_ms", sa.Double()),
        sa.Column("measured_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name="fk_prediction_signature_id"),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name="fk_prediction_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_prediction"),
    )
    op.create_index("ix_prediction_target_id", "prediction", ["target_id", "signature_id"])
