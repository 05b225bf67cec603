"""The ledger as one object, and the version of its schema."""

from pathlib import Path

from nas.jobs.artifacts import Artifacts, Trainings, Uploads
from nas.jobs.claims import Claims
from nas.jobs.events import Events
from nas.jobs.exports import Exports
from nas.jobs.inquiries.inquiries import Inquiries
from nas.jobs.keys import Keys, Sessions
from nas.jobs.records import Json
from nas.jobs.searches import Searches
from nas.jobs.tables import HEAD, metadata
from nas.jobs.trials import Trials
from nas.sql.connections import Connections
from nas.sql.database import Database, size_bytes
from nas.sql.errors import LedgerError
from nas.sql.migrate import Schema, migrate

LEDGER_SCHEMA = Schema(
    HEAD,
    Path(__file__).with_name("migrations"),
    "alembic_version",
    0x6E61732E6A6F6273,  # the lock says "nas.jobs"
)


class Ledger:
    """All records, by kind. Many threads may use it at once. What a call writes is on disk when the call returns.

    Any call raises LedgerError if the database cannot be used, ValueRefusedError for a value it cannot hold.
    """

    def __init__(self, url: str, connections: Connections | None = None) -> None:
        self.database = Database(url, connections=connections)
        self.searches = Searches(self.database)
        self.trials = Trials(self.database)
        self.events = Events(self.database)
        self.claims = Claims(self.database)
        self.exports = Exports(self.database)
        self.inquiries = Inquiries(self.database)
        self.artifacts = Artifacts(self.database)
        self.keys = Keys(self.database)
        self.sessions = Sessions(self.database)
        self.trainings = Trainings(self.database)
        self.uploads = Uploads(self.database)

    def migrate(self) -> None:
        """Upgrade the schema to this version. Several processes may do so at once."""
        migrate(self.database, LEDGER_SCHEMA)

    def check(self) -> None:
        """LedgerError if the database cannot be reached or written, or has another schema."""
        with self.database.reading() as connection:
            found = LEDGER_SCHEMA.revision(connection)
        if found != HEAD:
            raise LedgerError(
                f"ledger {self.database.name} has schema {found or 'none'}, this version of nas needs {HEAD}; start "
                "`nas serve` or `nas worker` of this version, which migrate it"
            )
        self.database.check_writable()

    def paces(self, limit: int = 20) -> list[Json]:
        """The paces of earlier searches and inquiries (nas.forecast.Pace), the newest first."""
        found = [*self.searches.paces(limit), *self.inquiries.paces(limit)]
        return [pace for _, pace in sorted(found, key=lambda pair: pair[0], reverse=True)[:limit]]

    def size_bytes(self) -> int:
        """Size of its tables and indexes; for SQLite, of the file."""
        with self.database.reading() as connection:
            return size_bytes(connection, metadata)

    def close(self) -> None:
        self.database.close()
