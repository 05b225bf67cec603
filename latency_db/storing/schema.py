"""The schema of the latency database and its migration; the database may be shared with the ledger."""

from pathlib import Path

from latency_db.storing.tables import HEAD
from nas.sql.database import Database
from nas.sql.migrate import Schema, migrate

LAYOUT = 3
"""Written as user_version of an SQLite file, so that the first versions of nas (layout 1) refuse it."""

SCHEMA = Schema(HEAD, Path(__file__).with_name("migrations"), "latency_version", 0x6C6174656E6379)  # "latency"


def prepare(database: Database) -> None:
    """Bring the database to this version. StoreError if it cannot be used, or is of a newer version of nas."""
    if database.is_sqlite:
        with database.reading() as connection:
            layout = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if layout not in (0, 1, LAYOUT):
            wording = database.wording
            raise wording.error(
                f"{wording.noun} {database.name} has layout {layout}, this version of nas reads {LAYOUT}; use a newer "
                f"nas, or set {wording.variable} to another file"
            )
    migrate(database, SCHEMA)
