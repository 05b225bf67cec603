"""Connections to PostgreSQL, direct or through a connection pooler (PgBouncer, Supavisor, Neon's).

A pooler in transaction mode gives each transaction another connection of the server. So behind one nothing is set for
a session, and no statement is prepared.
"""

import logging
import re
import time
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from nas.sql.connections import BUSY_TIMEOUT_S, Connections

DRIVER = "postgresql+psycopg"
_NAMES = frozenset({"postgres", "postgresql", DRIVER})
_OTHER_DRIVERS = frozenset({"postgresql+psycopg2", "postgresql+asyncpg"})
_OF_POOLERS = {"pgbouncer": "true", "statement_cache_size": "0", "prepared_statement_cache_size": "0"}
"""Parameters, of other drivers, with which the providers of poolers give URLs."""

# A statement that hangs, or a process that stopped in a transaction, must not hold rows for ever.
_TIMEOUTS_S = {
    "statement_timeout": 30,
    "lock_timeout": BUSY_TIMEOUT_S,
    "idle_in_transaction_session_timeout": 60,
}

FULL = re.compile(
    "too many (clients|connections)|connection slots|no more connections|max client|query_wait_timeout", re.IGNORECASE
)
"""What servers and poolers answer that take no more connections; the driver gives no code for it."""
_FULL_RETRY_S = 0.2

_POOLER = "nas.through_pooler"
_log = logging.getLogger("nas.sql")


def with_driver(url: URL, variable: str) -> URL:
    """The URL with the driver that is used here. variable: where the URL is from, to warn of another driver in it."""
    if url.drivername in _OTHER_DRIVERS:
        _warn_of_driver(url.drivername, variable)
    elif url.drivername not in _NAMES:
        return url
    query = dict(url.query)
    if url.drivername == "postgresql+asyncpg" and "ssl" in query:
        query.setdefault("sslmode", query.pop("ssl"))
    return url.set(drivername=DRIVER, query=query)


def make_engine(url: URL, connections: Connections, *, pooled: bool) -> Engine:
    named = {name: str(url.query[name]).lower() for name in _OF_POOLERS if name in url.query}
    pooler = True if any(_OF_POOLERS[name] == value for name, value in named.items()) else connections.pooler
    url = url.difference_update_query(_OF_POOLERS)
    defaults: dict[str, Any] = {"connect_timeout": 10, "application_name": "nas"}
    given = {name: value for name, value in defaults.items() if name not in url.query}
    pool = {"pool_size": connections.limit, "max_overflow": 0, "pool_timeout": connections.wait_s}
    engine = create_engine(url, connect_args=given, pool_pre_ping=True, **(pool if pooled else {"poolclass": NullPool}))
    _set_up(engine, connections.wait_s, pooler)
    return engine


def through_pooler(connection: Connection) -> bool:
    """Whether the connection is treated as one through a pooler."""
    return bool(connection.info.get(_POOLER))


def _set_up(engine: Engine, wait_s: float, pooler: bool | None) -> None:
    options = str(engine.url.query.get("options", ""))
    settings = {name: seconds * 1000 for name, seconds in _TIMEOUTS_S.items() if name not in options}
    session = "".join(
        f", CASE WHEN direct THEN set_config('{name}', '{ms}', false) END" for name, ms in settings.items()
    )
    transaction = ", ".join(f"set_config('{name}', '{ms}', true)" for name, ms in settings.items())

    @event.listens_for(engine, "do_connect")
    def _(dialect: Dialect, _record: ConnectionPoolEntry, arguments: Any, named: Any) -> Any:
        return _connect_when_free(dialect, arguments, named, wait_s)

    # PgBouncer refuses time-outs as the startup parameter `options`. A pooler answers a new connection with a process
    # id of its own making; the server's is the one that answers the query.
    @event.listens_for(engine, "connect")
    def _(connection: Any, record: ConnectionPoolEntry) -> None:
        direct = False
        if not pooler:
            found = "SELECT %s OR pg_backend_pid() = %s AS direct"
            query = f"SELECT direct{session} FROM ({found}) AS found"  # noqa: S608 - made of constants
            connection.autocommit = True
            direct = connection.execute(query, (pooler is False, connection.info.backend_pid)).fetchone()[0]
            connection.autocommit = False
        if not direct:
            connection.prepare_threshold = None
        record.info[_POOLER] = not direct

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        if transaction and through_pooler(connection):
            connection.exec_driver_sql(f"SELECT {transaction}")


def _connect_when_free(dialect: Dialect, arguments: Any, named: Any, wait_s: float) -> Any:
    """A new connection; while the server takes no more, it is tried again for wait_s."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return dialect.connect(*arguments, **named)
        except dialect.loaded_dbapi.OperationalError as error:
            if not FULL.search(str(error)) or time.monotonic() >= deadline:
                raise
        time.sleep(_FULL_RETRY_S)


@cache
def _warn_of_driver(drivername: str, variable: str) -> None:
    _log.warning(
        "%s: %s:// is taken as postgresql://, for the driver psycopg 3; %s is not used",
        variable,
        drivername,
        drivername.partition("+")[2],
    )
