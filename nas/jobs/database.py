"""One database, SQLite or PostgreSQL, so that the rest need not care which."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, SQLAlchemyError, StatementError

from nas.errors import NasError
from nas.jobs.errors import LedgerError, ValueRefusedError

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another."""

_POOL = {"pool_size": 8, "max_overflow": 56, "pool_timeout": BUSY_TIMEOUT_S}

# A statement that hangs, or a process that stopped in a transaction, must not hold rows for ever.
_POSTGRESQL_OPTIONS = " ".join(
    f"-c {name}={seconds * 1000}"
    for name, seconds in {
        "statement_timeout": 30,
        "lock_timeout": BUSY_TIMEOUT_S,
        "idle_in_transaction_session_timeout": 60,
    }.items()
)


class Database:
    """Opens nothing until it is used. LedgerError says why it cannot be; its message names no password."""

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        # In one process SQLite's writers queue here: the file's own lock is polled, and unfair.
        self._writers: AbstractContextManager[object] = threading.Lock() if self.is_sqlite else nullcontext()
        with self._faults():
            self._engine = _sqlite(parsed) if self.is_sqlite else _postgresql(parsed)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which nothing is written."""
        with self._faults(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is safe on disk when the block ends, or none if it raises."""
        with self._faults(), self._writers, self._engine.connect() as connection:
            connection = connection.execution_options(writing=True)  # noqa: PLW2901 - the same one
            with connection.begin():
                yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (DataError, OverflowError) as error:
            raise ValueRefusedError(f"a value does not fit the ledger: {_fault(error)}") from None
        except (SQLAlchemyError, OSError) as error:
            if isinstance(error, StatementError) and isinstance(error.orig, NasError | OverflowError):
                raise _refusal(error.orig) from None
            raise LedgerError(
                f"ledger {self.name}: {_fault(error)}; see that the database runs and may be written, or correct "
                "DATABASE_URL"
            ) from error


def insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that can say ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise LedgerError(
            "DATABASE_URL is no URL; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise LedgerError(f"DATABASE_URL: no database {parsed.drivername!r}; there are: postgresql, sqlite")
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise LedgerError("DATABASE_URL: sqlite needs a file, since several processes use it: sqlite:///FILE")
    return parsed


def _sqlite(url: URL) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, **_POOL)

    # The driver's own transaction handling is switched off, so that writers lock the file when they begin, and wait for
    # each other, instead of failing in the middle. The journal is a rollback journal, not the write-ahead log: SQLite
    # before 3.51.3 can corrupt that one when several processes use it.
    @event.listens_for(engine, "connect")
    def _(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = TRUNCATE", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    arguments: dict[str, Any] = {"connect_timeout": 10, "application_name": "nas", "options": _POSTGRESQL_OPTIONS}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    return create_engine(url, connect_args=given, pool_pre_ping=True, **_POOL)


def _fault(error: Exception) -> str:
    """What the database said, in one line."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]


def _refusal(error: NasError | OverflowError) -> NasError:
    return error if isinstance(error, NasError) else ValueRefusedError(f"a value does not fit the ledger: {error}")
