"""The tables of the database. What is not measured yet has its place: states, reasons, other runtimes and precisions.

device: a machine. target: one way to run networks on it; another version of the runtime is another target, so old
records stay readable. signature: a kernel or a network. session: circumstances shared by records. sample: a record.
"""

from dataclasses import fields

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from latency_db.records import Statistics

VERSION = 2
"""Of this layout, kept in the file. Since 1, tables were only added."""

CLOCKS = ("wall", "cpu")

metadata = MetaData()

device = Table(
    "device",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine_id", String, nullable=False, unique=True),
    Column("machine", JSON, nullable=False),
)

target = Table(
    "target",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("device_id", ForeignKey("device.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("runtime", String, nullable=False),
    Column("runtime_version", String, nullable=False),
    Column("precision", String, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    UniqueConstraint("device_id", "name", "runtime", "runtime_version", "precision", "threads", "batch"),
)

signature = Table(
    "signature",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    UniqueConstraint("kind", "key"),
)

session = Table(
    "session",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target_id", ForeignKey("target.id"), nullable=False, index=True),
    Column("started_at", DateTime, nullable=False),
    Column("harness", String, nullable=False),
    Column("environment", JSON, nullable=False),
    Column("empty_ms", Float, nullable=False),
    Column("reference_ms", Float, nullable=False),
    Column("reference_drift", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
)

sample = Table(
    "sample",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("session.id"), nullable=False, index=True),
    Column("target_id", ForeignKey("target.id"), nullable=False),
    Column("signature_id", ForeignKey("signature.id"), nullable=False),
    Column("statistic", String, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("rounds_ms", JSON, nullable=False),
    *(
        Column(f"{clock}_{field.name}", Integer if field.name == "n" else Float, nullable=False)
        for clock in CLOCKS
        for field in fields(Statistics)
    ),
    Column("state", String, nullable=False),
    Column("reason", String),
    Index("sample_latest", "target_id", "signature_id", "state", "id"),
)
