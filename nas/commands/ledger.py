"""What the commands share that work straight on the ledger, for who runs the service, on its machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nas.jobs.ledger import Ledger

DATABASE = click.option("--database", help="URL of the ledger's database.  [default: DATABASE_URL, or NAS_HOME's]")


@contextmanager
def open_ledger(database: str | None) -> Iterator["Ledger"]:
    """The ledger of the environment or of a URL, at this version's schema."""
    from nas.jobs.ledger import Ledger  # noqa: PLC0415 - as above
    from nas.service.settings import Settings  # noqa: PLC0415 - as above
    from nas.sql.errors import LedgerError  # noqa: PLC0415 - keeps `nas --help` fast

    try:
        ledger = Ledger(database or Settings().database_url)
        try:
            ledger.migrate()
            yield ledger
        finally:
            ledger.close()
    except LedgerError as error:
        raise click.ClickException(str(error)) from None
