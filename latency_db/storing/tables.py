"""The tables of the database. A change here needs a revision in migrations/versions; a test compares the two.

device: a machine. target: one way to run networks on it; another version of the runtime is another target, so old
records stay readable. signature: a kernel or a network. session: circumstances shared by records. sample: a record,
which is never changed. estimate: the consensus latency of a signature on a target, recomputed with every new sample.
refusal: a model that a target does not run. prediction: a predicted latency, and the one measured later.
"""

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

from latency_db.records.columns import STATISTICS
from nas.sql.column_types import Instant, Json, Words
from nas.sql.declaring import CONSTRAINT_NAMES, optional, required

HEAD = "0004"
"""The newest revision."""

IDENTITY = ("device_id", "runtime", "runtime_version", "precision", "threads", "batch", "layout", "source")
"""What makes a target; its name does not."""

metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _refers_to(table: str) -> Column[int]:
    return Column(f"{table}_id", ForeignKey(f"{table}.id"), nullable=False)


device = Table(
    "device",
    metadata,
    _id(),
    Column("machine_id", Words, nullable=False, unique=True),
    *required(Json, "machine"),
)

target = Table(
    "target",
    metadata,
    _id(),
    _refers_to("device"),
    *required(Words, "name", "runtime", "runtime_version", "precision"),
    *required(Integer, "threads", "batch"),
    *required(Words, "layout", "source"),
    UniqueConstraint(*IDENTITY),
)

signature = Table("signature", metadata, _id(), *required(Words, "kind", "key"), UniqueConstraint("kind", "key"))

session = Table(
    "session",
    metadata,
    _id(),
    Column("uid", Words, nullable=False, unique=True),
    _refers_to("target"),
    *required(Words, "name"),  # of the device, when it was measured
    *required(Instant, "started_at", "added_at"),
    *required(Words, "harness"),
    *required(Json, "environment"),
    *optional(Double, "empty_ms", "reference_ms", "reference_drift"),
    *required(Words, "state"),
    *optional(Words, "reason", "licence"),
    *required(Words, "unit"),
    Index("ix_session_target_id", "target_id", "started_at"),
)

sample = Table(
    "sample",
    metadata,
    _id(),
    *map(_refers_to, ("session", "target", "signature")),
    *required(Words, "statistic"),
    *required(Double, "latency_ms"),
    *optional(Double, "error_ms"),
    *required(Json, "rounds_ms"),
    *(Column(name, Integer if kind is int else Double) for name, kind in STATISTICS.items()),
    *required(Words, "state"),
    *optional(Words, "reason"),
    UniqueConstraint("session_id", "signature_id"),
    Index("ix_sample_target_id", "target_id", "signature_id", "id"),
)

estimate = Table(
    "estimate",
    metadata,
    *map(_refers_to, ("target", "signature")),
    *required(Double, "value_ms"),
    *optional(Double, "within_ms", "between_ms"),
    *required(Integer, "sessions", "samples"),
    *required(Words, "statistic", "method", "state"),
    *optional(Words, "reason"),
    PrimaryKeyConstraint("target_id", "signature_id"),
)

refusal = Table(
    "refusal",
    metadata,
    *map(_refers_to, ("target", "signature")),
    *required(Words, "reason"),
    *required(Instant, "at"),
    PrimaryKeyConstraint("target_id", "signature_id"),
)

prediction = Table(
    "prediction",
    metadata,
    _id(),
    *map(_refers_to, ("target", "signature")),
    *required(Double, "predicted_ms", "low_ms", "high_ms", "measured_share", "interpolated_share", "learned_share"),
    *required(Words, "source"),
    *required(Instant, "at"),
    *optional(Double, "measured_ms"),
    *optional(Instant, "measured_at"),
    Index("ix_prediction_target_id", "target_id", "signature_id"),
)
