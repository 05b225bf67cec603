"""The tables of the database. A change here needs a revision in migrations/versions; a test compares the two.

device: a machine. target: one way to run networks on it; another version of the runtime is another target, so old
records stay readable. signature: a kernel or a network. session: circumstances shared by records. sample: a record,
which is never changed. estimate: the consensus latency of a signature on a target, recomputed with every new sample.
refusal: a model that a target does not run. prediction: a predicted latency, and the one measured later.
"""

from dataclasses import fields

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from latency_db.records.record import Statistics
from nas.sql.column_types import Instant, Json, Words

HEAD = "0004"
"""The newest revision."""

CLOCKS = ("wall", "cpu")
IDENTITY = ("device_id", "runtime", "runtime_version", "precision", "threads", "batch", "layout", "source")
"""What makes a target; its name does not."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

device = Table(
    "device",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine_id", Words, nullable=False, unique=True),
    Column("machine", Json, nullable=False),
)

target = Table(
    "target",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", ForeignKey("device.id"), nullable=False),
    Column("name", Words, nullable=False),
    Column("runtime", Words, nullable=False),
    Column("runtime_version", Words, nullable=False),
    Column("precision", Words, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("layout", Words, nullable=False),
    Column("source", Words, nullable=False),
    UniqueConstraint(*IDENTITY),
)

signature = Table(
    "signature",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("key", Words, nullable=False),
    UniqueConstraint("kind", "key"),
)

session = Table(
    "session",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Words, nullable=False, unique=True),
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("name", Words, nullable=False),  # of the device, when it was measured
    Column("started_at", Instant, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("harness", Words, nullable=False),
    Column("environment", Json, nullable=False),
    Column("empty_ms", Double),
    Column("reference_ms", Double),
    Column("reference_drift", Double),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("licence", Words),
    Column("unit", Words, nullable=False),
    Index("ix_session_target_id", "target_id", "started_at"),
)

sample = Table(
    "sample",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("session.id"), nullable=False),
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("signature_id", ForeignKey("signature.id"), nullable=False),
    Column("statistic", Words, nullable=False),
    Column("latency_ms", Double, nullable=False),
    Column("error_ms", Double),
    Column("rounds_ms", Json, nullable=False),
    *(
        Column(f"{clock}_{field.name}", Integer if field.name == "n" else Double)
        for clock in CLOCKS
        for field in fields(Statistics)
    ),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    UniqueConstraint("session_id", "signature_id"),
    Index("ix_sample_target_id", "target_id", "signature_id", "id"),
)

estimate = Table(
    "estimate",
    metadata,
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("signature_id", ForeignKey("signature.id"), nullable=False),
    Column("value_ms", Double, nullable=False),
    Column("within_ms", Double),
    Column("between_ms", Double),
    Column("sessions", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("statistic", Words, nullable=False),
    Column("method", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    PrimaryKeyConstraint("target_id", "signature_id"),
)

refusal = Table(
    "refusal",
    metadata,
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("signature_id", ForeignKey("signature.id"), nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("target_id", "signature_id"),
)

prediction = Table(
    "prediction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("signature_id", ForeignKey("signature.id"), nullable=False),
    Column("predicted_ms", Double, nullable=False),
    Column("low_ms", Double, nullable=False),
    Column("high_ms", Double, nullable=False),
    Column("measured_share", Double, nullable=False),
    Column("interpolated_share", Double, nullable=False),
    Column("learned_share", Double, nullable=False),
    Column("source", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("measured_ms", Double),
    Column("measured_at", Instant),
    Index("ix_prediction_target_id", "target_id", "signature_id"),
)
