"""Connections to a server: how many, with which time-outs, and by which URLs."""

from contextlib import ExitStack

import pytest
from sqlalchemy import text

from latency_db.errors import StoreError
from latency_db.storing.store import Store
from nas.jobs.ledger import Ledger
from nas.sql import postgresql_server
from nas.sql.connections import Connections
from nas.sql.errors import LedgerError

FEW = Connections(limit=2, wait_s=0)


def opened(kind, url):
    return Ledger(url, FEW).database if kind is LedgerError else Store(url, FEW)


@pytest.mark.parametrize(("error", "fixture"), [(LedgerError, "postgresql_url"), (StoreError, "latency")])
def test_a_process_opens_no_more_than_its_limit(error, fixture, postgresql, postgresql_url):
    """Each thread and each store of the process counts; the error names the setting."""
    url = postgresql_url if fixture == "postgresql_url" else postgresql.latency()
    databases = [opened(error, url)]
    if error is StoreError:
        databases.append(opened(error, url))
    with ExitStack() as held:
        for number in range(FEW.limit):
            held.enter_context(databases[number % len(databases)].reading())
        with pytest.raises(error, match=r"all connections that this process may open.*NAS_DATABASE_CONNECTIONS"):
            held.enter_context(databases[0].reading())
    with databases[0].reading() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    if error is LedgerError:
        databases[0].close()


def test_an_api_and_four_workers_need_60_connections_at_most():
    assert (1 + 4) * 2 * Connections().limit <= 60 - 3  # PostgreSQL reserves three


def test_time_outs_are_set_for_each_session_but_for_those_of_the_url(postgresql_url):
    ledger = Ledger(f"{postgresql_url}&options=-c%20lock_timeout%3D7s")
    with ledger.database.reading() as connection:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        assert [connection.scalar(text(f"SHOW {name}")) for name in names] == ["30s", "7s", "1min"]
    ledger.close()


@pytest.mark.parametrize("driver", ["postgresql+psycopg2", "postgresql+asyncpg"])
def test_a_url_for_another_driver_is_used_and_told(driver, postgresql_url, caplog):
    postgresql_server._warn_of_driver.cache_clear()
    more = "&ssl=prefer" if driver.endswith("asyncpg") else ""
    for _ in range(2):
        ledger = Ledger(postgresql_url.replace("postgresql", driver, 1) + more)
        ledger.check()
        ledger.close()
    (line,) = caplog.messages
    assert line.startswith(f"DATABASE_URL: {driver}:// is taken as postgresql://, for the driver psycopg 3")
