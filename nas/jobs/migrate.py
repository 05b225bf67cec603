"""The schema, brought to this version of nas."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from nas.jobs.database import Database
from nas.jobs.errors import LedgerError
from nas.jobs.tables import HEAD

MIGRATIONS = Path(__file__).with_name("migrations")

_LOCK = 0x6E61732E6A6F6273  # "nas.jobs": one number that every process of ours knows


def migrate(database: Database) -> None:
    """To HEAD, in one transaction; of several processes one migrates and the others wait for it."""
    with database.reading() as connection:
        if revision(connection) == HEAD:
            return
    # Alembic takes a third of a second to import; the API, whose schema is there already, starts without it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerError(
                f"ledger {database.name}: {error}; it was used by a newer nas: use that one, or set DATABASE_URL to "
                "another database"
            ) from None


def check(database: Database) -> None:
    """LedgerError if the database cannot be reached or has another schema."""
    with database.reading() as connection:
        found = revision(connection)
    if found != HEAD:
        raise LedgerError(
            f"ledger {database.name} has schema {found or 'none'}, this version of nas needs {HEAD}; start `nas serve` "
            "or `nas worker` of this version, which migrate it"
        )


def revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
