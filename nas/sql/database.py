"""A database, SQLite or PostgreSQL, with the same interface for both."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.pool import NullPool

from nas.errors import NasError
from nas.files import private_mode
from nas.sql.errors import LedgerError, ValueRefusedError

BUSY_TIMEOUT_S = 30
"""Time for which a writer waits for another one."""

_making = threading.Lock()

_PAGES = ("page_count", "page_size")
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


@dataclass(frozen=True, slots=True)
class Wording:
    """How a database's errors read: its name in messages, the remedy, the variable that names it, the error's class."""

    noun: str
    remedy: str
    variable: str
    error: type[NasError]


LEDGER = Wording("ledger", "see that the database runs and may be written", "DATABASE_URL", LedgerError)


class Database:
    """Connects when it is used. Raises the wording's error if it cannot be used; messages contain no password.

    pooled: connections are kept, for a process that has one database and closes it. Without, each block opens its own:
    such a database may be made anywhere, need not be closed, and survives a fork.
    """

    def __init__(self, url: str | URL, wording: Wording = LEDGER, *, pooled: bool = True) -> None:
        self.wording = wording
        parsed = _parse(url, wording)
        self.name = parsed.render_as_string(hide_password=True)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        # SQLite's writers of one process wait for each other here: the file's own lock is polled, and is not fair.
        self._writers: AbstractContextManager[object] = threading.Lock() if self.is_sqlite else nullcontext()
        options = _POOL if pooled else {"poolclass": NullPool}
        with self._faults():
            self._engine = _sqlite(parsed, options) if self.is_sqlite else _postgresql(parsed, options)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which nothing is written."""
        with self._faults(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is on disk when the block ends, or nothing if the block raises."""
        with self._faults(), self._writers, self._engine.connect() as connection:
            connection = connection.execution_options(writing=True)  # noqa: PLW2901 - the same one
            with connection.begin():
                yield connection

    def check_writable(self) -> None:
        """The wording's error if it may only be read, as on a disk mounted so, or on a standby server."""
        if self.is_sqlite:
            path = Path(str(self._engine.url.database))
            writable = all(os.access(place, os.W_OK) for place in (path, path.parent))
        else:
            with self.reading() as connection:
                writable = connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "off"
        if not writable:
            raise self.fault("it may only be read")

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (DataError, OverflowError) as error:
            raise ValueRefusedError(f"a value does not fit the {self.wording.noun}: {_fault(error)}") from None
        except (SQLAlchemyError, OSError) as error:
            refused = error.orig if isinstance(error, StatementError) else None
            if isinstance(refused, NasError):
                raise refused from None
            if isinstance(refused, OverflowError):
                raise ValueRefusedError(f"a value does not fit the {self.wording.noun}: {refused}") from None
            raise self.fault(_fault(error)) from error

    def fault(self, what: str) -> NasError:
        """The error to raise if the database cannot be used, with the remedy. what: the reason."""
        wording = self.wording
        return wording.error(f"{wording.noun} {self.name}: {what}; {wording.remedy}, or correct {wording.variable}")


def insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that may have ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], **same: Any) -> None:
    """Insert rows with the same columns, or update those with their primary keys. same: values of further columns."""
    if rows:
        keys = table.primary_key.columns.keys()
        new = insert(connection, table).values(**same)
        changed = {name: new.excluded[name] for name in (*rows[0], *same) if name not in keys}
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def size_bytes(connection: Connection, metadata: MetaData) -> int:
    """Size of the tables and their indexes on disk; for SQLite, of the whole file."""
    if connection.dialect.name == "sqlite":
        pages, page_bytes = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _PAGES)
        return int(pages * page_bytes)
    sizes = (select(func.pg_total_relation_size(func.to_regclass(name))) for name in metadata.tables)
    return sum(int(connection.execute(size).scalar_one() or 0) for size in sizes)


def _parse(url: str | URL, wording: Wording) -> URL:
    variable, error = wording.variable, wording.error
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise error(f"{variable} is no URL; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME") from None
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise error(f"{variable}: no database {parsed.drivername!r}; there are: postgresql, sqlite")
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise error(f"{variable}: sqlite needs a file, since several processes use it: sqlite:///FILE")
    return parsed


def _sqlite(url: URL, options: Mapping[str, Any]) -> Engine:
    path = Path(str(url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, **options)

    # SQLite would make a file that everybody may read, and nobody else write; its journal gets the rights of the file.
    # One thread at a time, and never a file that is there: to close it releases the locks that this process has on it.
    @event.listens_for(engine, "do_connect")
    def _(*_: Any) -> None:
        with _making, suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_mode(path.parent)))

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


def _postgresql(url: URL, options: Mapping[str, Any]) -> Engine:
    arguments: dict[str, Any] = {"connect_timeout": 10, "application_name": "nas", "options": _POSTGRESQL_OPTIONS}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    return create_engine(url, connect_args=given, pool_pre_ping=True, **options)


def _fault(error: Exception) -> str:
    """The database's message, in one line."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
