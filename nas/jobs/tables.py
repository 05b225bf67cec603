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
from nas.sql.column_types import Instant, Json, Words, lease_over
from nas.sql.declaring import CONSTRAINT_NAMES, counters, optional, required

HEAD = "0008"
"""The revision that this module describes."""

METRICS = ("accuracy", "latency_ms", "params", "macs", "size_bytes")
"""Metrics that are columns of a trial beside their place in its `metrics`: charts read them by the thousand. Any other
metric is read from `metrics`, so that a new one needs no migration.
"""

LEASE_S = 30.0
"""The length of a lease on a search, an export or a proxy check."""

metadata = MetaData(naming_convention=CONSTRAINT_NAMES)


def _of_search() -> Column[str]:
    return Column("search_id", Words, ForeignKey("search.id", ondelete="CASCADE"), nullable=False)


search = Table(
    "search",
    metadata,
    Column("id", Words, primary_key=True),
    *required(Words, "name"),
    *required(Json, "labels", "spec"),
    *required(Words, "state"),
    *optional(Words, "state_reason", "state_message", "phase"),
    *optional(Json, "progress"),
    *required(Integer, "priority", "max_trials"),
    Column("parent_id", Words),  # no foreign key: the parent may be purged
    *counters(
        Integer, "trials", "queued", "running", "succeeded", "failed", "cancelled", "refused", "reused", "pruned"
    ),
    *optional(Integer, "best_trial"),
    *optional(Double, "best_reward", "target_latency_ms"),
    *optional(Json, "facts"),
    *required(Instant, "created_at"),
    *optional(Instant, "started_at", "ended_at"),
    *required(Instant, "transition_at"),
    *optional(Instant, "deleted_at"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    *counters(BigInteger, "last_seq", "log_lines"),
    *optional(Words, "owner"),
    *counters(BigInteger, "epoch"),
    *optional(Instant, "lease_until"),
    Index("ix_search_created_at", "created_at", "id"),
    Index("ix_search_state", "state", "priority"),
)

trial = Table(
    "trial",
    metadata,
    _of_search(),
    *required(Integer, "number"),
    *required(Words, "state", "architecture_id", "notation"),
    *required(Json, "choices", "architecture", "metrics"),
    *(Column(name, BigInteger if metrics()[name].whole else Double) for name in METRICS),
    *optional(Double, "reward"),
    *optional(Words, "reason"),
    *required(Boolean, "reused", "on_front"),
    *required(Integer, "attempts"),
    *required(BigInteger, "seq"),
    *required(Instant, "created_at"),
    *optional(Instant, "started_at", "ended_at"),
    PrimaryKeyConstraint("search_id", "number"),
    Index("ix_trial_seq", "search_id", "seq"),
    Index("ix_trial_front", "search_id", "on_front"),
)

attempt = Table(
    "attempt",
    metadata,
    _of_search(),
    *required(Integer, "number", "attempt"),
    *required(BigInteger, "epoch"),
    *required(Words, "worker", "state"),
    *optional(Words, "reason"),
    *required(Instant, "started_at"),
    *optional(Instant, "ended_at"),
    PrimaryKeyConstraint("search_id", "number", "attempt"),
)

event = Table(
    "event",
    metadata,
    _of_search(),
    *required(BigInteger, "seq"),
    *required(Words, "type"),
    *required(Instant, "at"),
    *required(Json, "data"),
    PrimaryKeyConstraint("search_id", "seq"),
)

metric = Table(
    "metric",
    metadata,
    _of_search(),
    *required(Integer, "number", "epoch"),
    *required(Json, "metrics"),
    PrimaryKeyConstraint("search_id", "number", "epoch"),
)

log = Table(
    "log",
    metadata,
    _of_search(),
    *required(BigInteger, "n"),
    *optional(Integer, "number"),
    *required(Instant, "at"),
    *required(Words, "text"),
    PrimaryKeyConstraint("search_id", "n"),
    Index("ix_log_number", "search_id", "number", "n"),
)

artifact = Table(
    "artifact",
    metadata,
    Column("sha256", Words, primary_key=True),
    *required(BigInteger, "size_bytes"),
    *required(Words, "media_type"),
    *required(Instant, "created_at"),
)

artifact_link = Table(
    "artifact_link",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_search(),
    *optional(Integer, "number"),
    *required(Words, "kind", "file"),
    Column("sha256", Words, ForeignKey("artifact.sha256"), nullable=False),
    Index("ix_artifact_link_search_id", "search_id", "number"),
    Index("ix_artifact_link_sha256", "sha256"),
)

result = Table(
    "result",
    metadata,
    _of_search(),
    *required(Words, "name"),
    *optional(Json, "value"),
    PrimaryKeyConstraint("search_id", "name"),
)

idempotency = Table(
    "idempotency",
    metadata,
    *required(Words, "owner", "key", "digest"),
    # Deferred: the key is taken first, so that the duplicates wait for it, and only one makes the search.
    Column(
        "search_id",
        Words,
        ForeignKey("search.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    *required(Instant, "created_at"),
    PrimaryKeyConstraint("owner", "key"),
    Index("ix_idempotency_search_id", "search_id"),
    Index("ix_idempotency_created_at", "created_at"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Words, primary_key=True),
    *required(Words, "name", "digest", "prefix"),
    *required(Json, "scopes"),
    *required(Instant, "created_at"),
    *optional(Instant, "expires_at", "last_used_at", "revoked_at"),
    UniqueConstraint("digest"),
)

api_session = Table(
    "api_session",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("key_id", Words, ForeignKey("api_key.id", ondelete="CASCADE"), nullable=False),
    *required(Instant, "used_at", "expires_at"),
    Index("ix_api_session_expires_at", "expires_at"),
)

training = Table(
    "training",
    metadata,
    *required(Words, "architecture_id", "data_digest", "recipe_id"),
    *required(BigInteger, "seed"),
    *required(Integer, "epochs"),
    *required(Json, "metrics"),
    *required(Instant, "created_at"),
    *optional(Instant, "used_at"),  # by another search; to a day
    PrimaryKeyConstraint("architecture_id", "data_digest", "recipe_id", "seed", "epochs"),
)

export = Table(
    "export",
    metadata,
    Column("id", Words, primary_key=True),
    _of_search(),
    *required(Integer, "number"),
    *required(Words, "format"),
    *optional(Integer, "epochs"),
    *required(Words, "state"),
    *optional(Words, "reason"),
    Column("sha256", Words, ForeignKey("artifact.sha256")),
    *optional(Words, "file"),
    *required(Json, "metrics"),
    *required(Instant, "created_at"),
    *optional(Instant, "ended_at"),
    *optional(Words, "owner"),
    *counters(BigInteger, "epoch"),
    *optional(Instant, "lease_until"),
    *optional(Words, "input"),
    *optional(Json, "compression", "report"),
    Index("ix_export_search_id", "search_id", "number"),
    Index("ix_export_state", "state", "created_at"),
    Index("ix_export_sha256", "sha256"),
)

inquiry = Table(
    "inquiry",
    metadata,
    Column("id", Words, primary_key=True),
    *required(Words, "kind"),
    *required(Json, "spec", "options"),
    *required(Words, "digest", "state"),
    *required(Json, "kept"),
    *optional(Words, "reason"),
    *optional(Json, "progress", "result"),
    *required(Instant, "created_at"),
    *optional(Instant, "started_at", "ended_at"),
    *optional(Words, "owner"),
    *counters(BigInteger, "epoch"),
    *optional(Instant, "lease_until"),
    *counters(Integer, "deaths"),
    Index("ix_inquiry_state", "state", "created_at"),
    Index("ix_inquiry_digest", "digest"),
)

search_lease_over = lease_over(search.c.lease_until, LEASE_S)
export_lease_over = lease_over(export.c.lease_until, LEASE_S)
inquiry_lease_over = lease_over(inquiry.c.lease_until, LEASE_S)
