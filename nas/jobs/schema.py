"""The ledger's schema, and whether a database has it."""

from pathlib import Path

from nas.jobs.tables import HEAD
from nas.sql.database import Database
from nas.sql.errors import LedgerError
from nas.sql.migrate import Schema

LEDGER_SCHEMA = Schema(
    HEAD,
    Path(__file__).with_name("migrations"),
    "alembic_version",
    0x6E61732E6A6F6273,  # the lock says "nas.jobs"
)


def check(database: Database) -> None:
    """LedgerError if the database cannot be reached or has another schema."""
    with database.reading() as connection:
        found = LEDGER_SCHEMA.revision(connection)
    if found != HEAD:
        raise LedgerError(
            f"ledger {database.name} has schema {found or 'none'}, this version of nas needs {HEAD}; start `nas serve` "
            "or `nas worker` of this version, which migrate it"
        )
