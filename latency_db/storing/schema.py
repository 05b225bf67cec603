"""The schema of the latency database, brought to this version of nas; it may share a database with the ledger."""

from pathlib import Path

from latency_db.storing.tables import HEAD
from nas.sql.database import Database
from nas.sql.migrate import Schema, migrate

LAYOUT = 3
"""Kept in an SQLite file for the versions of nas that know nothing else; they refuse it. 1 was theirs."""

SCHEMA = Schema(HEAD, Path(__file__).with_name("migrations"), "latency_version", 0x6C6174656E6379)  # "latency"


def prepare(database: Database) -> None:
    """StoreError if the database cannot be used, or was laid out by a newer nas."""
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
