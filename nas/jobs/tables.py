"""The schema. A change here needs a revision in migrations/versions; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from nas.metric import metrics
from nas.sql.column_types import Instant, Json, Words

HEAD = "0001"
"""The revision that this module describes."""

METRICS = ("accuracy", "latency_ms", "params", "macs", "size_bytes")
"""Metrics that are columns of a trial beside their place in its `metrics`: charts read them by the thousand. Any other
metric is read from `metrics`, so that a new one needs no migration.
"""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _of_search() -> Column[str]:
    return Column("search_id", Words, ForeignKey("search.id", ondelete="CASCADE"), nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


search = Table(
    "search",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("labels", Json, nullable=False),
    Column("spec", Json, nullable=False),
    Column("state", Words, nullable=False),
    Column("state_reason", Words),
    Column("state_message", Words),
    Column("phase", Words),
    Column("progress", Json),
    Column("priority", Integer, nullable=False),
    Column("max_trials", Integer, nullable=False),
    Column("parent_id", Words),  # no foreign key: the parent may be purged
    _count("trials"),
    _count("queued"),
    _count("running"),
    _count("succeeded"),
    _count("failed"),
    _count("cancelled"),
    _count("refused"),
    _count("reused"),
    Column("best_trial", Integer),
    Column("best_reward", Double),
    Column("target_latency_ms", Double),
    Column("facts", Json),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("transition_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Column("last_seq", BigInteger, nullable=False, server_default="0"),
    Column("log_lines", BigInteger, nullable=False, server_default="0"),
    Column("owner", Words),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", Instant),
    Index("ix_search_created_at", "created_at", "id"),
    Index("ix_search_state", "state", "priority"),
)

trial = Table(
    "trial",
    metadata,
    _of_search(),
    Column("number", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("architecture_id", Words, nullable=False),
    Column("notation", Words, nullable=False),
    Column("choices", Json, nullable=False),
    Column("architecture", Json, nullable=False),
    Column("metrics", Json, nullable=False),
    *(Column(name, BigInteger if metrics()[name].whole else Double) for name in METRICS),
    Column("reward", Double),
    Column("reason", Words),
    Column("reused", Boolean, nullable=False),
    Column("on_front", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    PrimaryKeyConstraint("search_id", "number"),
    Index("ix_trial_seq", "search_id", "seq"),
    Index("ix_trial_front", "search_id", "on_front"),
)

attempt = Table(
    "attempt",
    metadata,
    _of_search(),
    Column("number", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("worker", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    PrimaryKeyConstraint("search_id", "number", "attempt"),
)

event = Table(
    "event",
    metadata,
    _of_search(),
    Column("seq", BigInteger, nullable=False),
    Column("type", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Column("data", Json, nullable=False),
    PrimaryKeyConstraint("search_id", "seq"),
)

metric = Table(
    "metric",
    metadata,
    _of_search(),
    Column("number", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("metrics", Json, nullable=False),
    PrimaryKeyConstraint("search_id", "number", "epoch"),
)

log = Table(
    "log",
    metadata,
    _of_search(),
    Column("n", BigInteger, nullable=False),
    Column("number", Integer),
    Column("at", Instant, nullable=False),
    Column("text", Words, nullable=False),
    PrimaryKeyConstraint("search_id", "n"),
    Index("ix_log_number", "search_id", "number", "n"),
)

artifact = Table(
    "artifact",
    metadata,
    Column("sha256", Words, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
)

artifact_link = Table(
    "artifact_link",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_search(),
    Column("number", Integer),
    Column("kind", Words, nullable=False),
    Column("file", Words, nullable=False),
    Column("sha256", Words, ForeignKey("artifact.sha256"), nullable=False),
    Index("ix_artifact_link_search_id", "search_id", "number"),
)

result = Table(
    "result",
    metadata,
    _of_search(),
    Column("name", Words, nullable=False),
    Column("value", Json),
    PrimaryKeyConstraint("search_id", "name"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("digest", Words, nullable=False),
    # Deferred: the key is taken first, so that the duplicates wait for it, and only one makes the search.
    Column(
        "search_id",
        Words,
        ForeignKey("search.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "key"),
    Index("ix_idempotency_search_id", "search_id"),
    Index("ix_idempotency_created_at", "created_at"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("prefix", Words, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    UniqueConstraint("digest"),
)

training = Table(
    "training",
    metadata,
    Column("architecture_id", Words, nullable=False),
    Column("data_digest", Words, nullable=False),
    Column("recipe_id", Words, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("epochs", Integer, nullable=False),
    Column("metrics", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("architecture_id", "data_digest", "recipe_id", "seed", "epochs"),
)

export = Table(
    "export",
    metadata,
    Column("id", Words, primary_key=True),
    _of_search(),
    Column("number", Integer, nullable=False),
    Column("format", Words, nullable=False),
    Column("epochs", Integer),
    Column("state", Words, nullable=False),
    Column("reason", Words),
    Column("sha256", Words, ForeignKey("artifact.sha256")),
    Column("file", Words),
    Column("metrics", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("owner", Words),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", Instant),
    Index("ix_export_search_id", "search_id", "number"),
    Index("ix_export_state", "state", "created_at"),
)
