"""Upgrades a schema to this version of nas."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text

from nas.sql.database import Database


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables that have migrations of their own; several schemas may share a database.

    head: the newest revision. version_table: holds the revision of the database. lock: number of the lock with which
    processes wait for each other.
    """

    head: str
    migrations: Path
    version_table: str
    lock: int

    def revision(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table(self.version_table):
            return None
        return connection.execute(select(column("version_num")).select_from(table(self.version_table))).scalar()


def migrate(database: Database, schema: Schema) -> None:
    """Upgrade to the schema's head, in one transaction. Of several processes one upgrades and the others wait."""
    with database.reading() as connection:
        if schema.revision(connection) == schema.head:
            return
    # Importing alembic takes a third of a second; most starts find the schema up to date and do without.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": schema.lock})
        config.attributes |= {"connection": connection, "version_table": schema.version_table}
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            wording = database.wording
            raise wording.error(
                f"{wording.noun} {database.name}: {error}; it was used by a newer nas: use that one, or set "
                f"{wording.variable} to another database"
            ) from None
