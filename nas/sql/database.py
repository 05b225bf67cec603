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
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from nas.errors import NasError
from nas.files import private_mode
from nas.sql import postgresql_server
from nas.sql.connections import BUSY_TIMEOUT_S, Connections, slot
from nas.sql.errors import LedgerError, ValueRefusedError

_making = threading.Lock()
LIMIT = "NAS_DATABASE_CONNECTIONS"
_PAGES = ("page_count", "page_size")
_SQLITE_POOL = {"pool_size": 8, "max_overflow": 56, "pool_timeout": BUSY_TIMEOUT_S}


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
    such a database may be made anywhere, need not be closed, and survives a fork. connections: limits of a server's,
    in both cases.
    """

    def __init__(
        self,
        url: str | URL,
        wording: Wording = LEDGER,
        *,
        pooled: bool = True,
        connections: Connections | None = None,
    ) -> None:
        self.wording, self._connections = wording, connections or Connections()
        parsed = _parse(url, wording)
        self.name = parsed.render_as_string(hide_password=True)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        # SQLite's writers of one process wait for each other here: the file's own lock is polled, and is not fair.
        self._writers: AbstractContextManager[object] = threading.Lock() if self.is_sqlite else nullcontext()
        self._slots = not pooled and not self.is_sqlite
        with self._faults():
            if self.is_sqlite:
                self._engine = _sqlite(parsed, _SQLITE_POOL if pooled else {"poolclass": NullPool})
            else:
                self._engine = postgresql_server.make_engine(parsed, self._connections, pooled=pooled)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which nothing is written."""
        with self._faults(), self._connected() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is on disk when the block ends, or nothing if the block raises."""
        with self._faults(), self._writers, self._connected() as connection:
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

    def through_pooler(self) -> bool:
        """Whether a connection pooler, such as PgBouncer, is between this process and the server."""
        with self.reading() as connection:
            return postgresql_server.through_pooler(connection)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        free = slot(self._engine.url, self._connections) if self._slots else nullcontext()
        with free, self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (DataError, OverflowError) as error:
            raise ValueRefusedError(f"a value does not fit the {self.wording.noun}: {_fault(error)}") from None
        except PoolTimeoutError as error:
            wait_s = self._connections.wait_s
            text = f"all connections that this process may open have been in use for {wait_s:g} s"
            raise self._error(text, f"try again, or raise {LIMIT}") from error
        except (SQLAlchemyError, OSError) as error:
            refused = error.orig if isinstance(error, StatementError) else None
            if isinstance(refused, NasError):
                raise refused from None
            if isinstance(refused, OverflowError):
                raise ValueRefusedError(f"a value does not fit the {self.wording.noun}: {refused}") from None
            if postgresql_server.FULL.search(fault := _fault(error)):
                raise self._error(fault, f"try again, lower {LIMIT}, or raise the server's own limit") from error
            raise self.fault(fault) from error

    def fault(self, what: str) -> NasError:
        """The error to raise if the database cannot be used, with the remedy. what: the reason."""
        return self._error(what, f"{self.wording.remedy}, or correct {self.wording.variable}")

    def _error(self, what: str, remedy: str) -> NasError:
        return self.wording.error(f"{self.wording.noun} {self.name}: {what}; {remedy}")


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
        parsed = postgresql_server.with_driver(make_url(url), variable)
    except ArgumentError:
        raise error(f"{variable} is no URL; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME") from None
    if parsed.drivername not in ("sqlite", postgresql_server.DRIVER):
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


def _fault(error: Exception) -> str:
    """The database's message, in one line."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
