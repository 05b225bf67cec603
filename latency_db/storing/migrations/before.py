"""Migration of the first layout, an SQLite file with user_version 1; rows keep their ids."""

from itertools import groupby
from operator import attrgetter
from uuid import uuid4

from sqlalchemy import Connection, text

from latency_db.records.consensus import Observation, consensus
from latency_db.records.record import RecordState

TABLES = ("sample", "session", "signature", "target", "device")  # those that refer to others come first
INDEX = "ix_session_target_id"  # the new table has one of that name
SUMMARIES = ", ".join(
    f"{clock}_{name}"
    for clock in ("wall", "cpu")
    for name in (
        "min_ms", "p10_ms", "p25_ms", "median_ms", "trimmed_mean_ms", "mean_ms", "p90_ms", "p99_ms", "std_ms", "n",
    )
)  # fmt: skip

_COPIES = (
    "INSERT INTO device (id, machine_id, machine) SELECT id, machine_id, machine FROM old_device",
    "INSERT INTO signature (id, kind, key) SELECT id, kind, key FROM old_signature",
    # The name was part of what made a target; of one that was renamed, the newest name is kept.
    """
    INSERT INTO target (id, device_id, name, runtime, runtime_version, precision, threads, batch, layout, source)
    SELECT max(id), device_id, name, runtime, runtime_version, precision, threads, batch, 'nchw', 'measured'
    FROM old_target GROUP BY device_id, runtime, runtime_version, precision, threads, batch
    """,
)

_SAME_TARGET = """
    (SELECT new.id FROM target AS new JOIN old_target AS old USING
     (device_id, runtime, runtime_version, precision, threads, batch) WHERE old.id = {table}.target_id)
"""

_SESSION = f"""
    INSERT INTO session (uid, target_id, name, started_at, added_at, harness, environment, empty_ms, reference_ms,
                         reference_drift, state, reason, unit)
    SELECT :uid, {_SAME_TARGET.format(table="old_session")},
           (SELECT name FROM old_target WHERE old_target.id = old_session.target_id),
           CAST(round((julianday(started_at) - 2440587.5) * 86400000) AS INTEGER),
           CAST(round((julianday(started_at) - 2440587.5) * 86400000) AS INTEGER),
           harness, environment, empty_ms, reference_ms, reference_drift, state, reason, 'ms'
    FROM old_session WHERE id = :old RETURNING id
"""  # noqa: S608 - made of constants

_SAMPLES = f"""
    INSERT INTO sample (id, session_id, target_id, signature_id, statistic, latency_ms, error_ms, rounds_ms, state,
                        reason, {SUMMARIES})
    SELECT id, :new, {_SAME_TARGET.format(table="old_sample")}, signature_id, statistic, latency_ms,
           (SELECT value FROM json_each(rounds_ms) ORDER BY value LIMIT 1 OFFSET 1)
           - (SELECT min(value) FROM json_each(rounds_ms)),
           rounds_ms, state, reason, {SUMMARIES}
    FROM old_sample WHERE session_id = :old AND 1 + :place = (
        SELECT count(*) FROM old_sample AS before
        WHERE before.session_id = old_sample.session_id AND before.signature_id = old_sample.signature_id
        AND before.id <= old_sample.id)
"""  # noqa: S608 - made of constants

# A session measures a model once; what was added to one twice gets sessions of its own.
_REPEATS = """
    SELECT max(n) FROM (SELECT count(*) AS n FROM old_sample WHERE session_id = :old GROUP BY signature_id)
"""

_ESTIMATE = """
    INSERT INTO estimate (target_id, signature_id, value_ms, within_ms, between_ms, sessions, samples, statistic,
                          method, state, reason)
    VALUES (:target_id, :signature_id, :value_ms, :within_ms, :between_ms, :sessions, :samples, :statistic, :method,
            :state, :reason)
"""


def found(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("PRAGMA user_version").scalar_one() == 1)


def set_aside(connection: Connection) -> None:
    connection.execute(text(f"DROP INDEX IF EXISTS {INDEX}"))
    for table in TABLES:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO old_{table}"))


def carry_over(connection: Connection) -> None:
    for copy in _COPIES:
        connection.execute(text(copy))
    for old in connection.scalars(text("SELECT id FROM old_session ORDER BY id")).all():
        repeats = connection.execute(text(_REPEATS), {"old": old}).scalar() or 1
        for place in range(repeats):
            new = connection.execute(text(_SESSION), {"old": old, "uid": uuid4().hex}).scalar_one()
            connection.execute(text(_SAMPLES), {"old": old, "new": new, "place": place})
    _estimate(connection)
    for table in TABLES:
        connection.execute(text(f"DROP TABLE old_{table}"))


def _estimate(connection: Connection) -> None:
    samples = connection.execute(text("SELECT * FROM sample ORDER BY target_id, signature_id, id"))
    for (target_id, signature_id), rows in groupby(samples, attrgetter("target_id", "signature_id")):
        seen = [
            Observation(row.latency_ms, row.error_ms, row.statistic, RecordState(row.state), row.reason) for row in rows
        ]
        value = consensus(seen)
        named = {name: getattr(value, name) for name in value.__slots__}
        connection.execute(text(_ESTIMATE), {"target_id": target_id, "signature_id": signature_id, **named})
