"""What those commands share that open the ledger directly, on the machine of the service."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from nas.jobs.ledger import Ledger
from nas.service.settings import read_settings
from nas.sql.errors import LedgerError

DATABASE = click.option("--database", help="URL of the ledger's database.  [default: DATABASE_URL, or NAS_HOME's]")


@contextmanager
def open_ledger(database: str | None) -> Iterator[Ledger]:
    """The ledger of the environment or of a URL, at this version's schema."""
    try:
        settings = read_settings()
        ledger = Ledger(database or settings.database_url, settings.connections)
        try:
            ledger.migrate()
            yield ledger
        finally:
            ledger.close()
    except LedgerError as error:
        raise click.ClickException(str(error)) from None
