"""Behind a real PgBouncer, in session and in transaction mode, more clients than connections to the server."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fastapi.testclient import TestClient
from ledger_steps import SPEC, asked, claimed, told
from made_up import pocket
from poolers import CLIENTS
from sqlalchemy import text

from api.app import create_app
from api.http import app_state
from api.processes import doctor
from latency_db.records.record import Kind
from latency_db.storing.store import Store
from nas.jobs.ledger import Ledger
from nas.jobs.records import Idempotency
from nas.service.settings import Settings
from nas.sql import postgresql_server
from nas.sql.connections import Connections


@pytest.fixture
def ledger(pooler, postgresql_url):
    opened = Ledger(pooler.url(postgresql_url))
    yield opened
    opened.close()


def test_both_databases_are_made_and_used_through_it(pooler, postgresql):
    """Several processes migrate at once, as services that start together."""
    with postgresql.database() as url:
        ledgers = [Ledger(pooler.url(url)) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Ledger.migrate, ledgers))
        for ledger in ledgers:
            ledger.check()
            ledger.close()
        elsewhere = pocket()
        record = elsewhere.record("8x4x4 conv_8", 0.25)
        for _ in range(8):
            Store(pooler.url(url)).add([record])
        assert Store(pooler.url(url)).latest(elsewhere.device, Kind.KERNEL) == {"8x4x4 conv_8": record}


def test_many_threads_write_what_few_connections_carry(ledger):
    """The same statements many times, so that one which the driver prepared would be missing in another connection."""
    search, owner = claimed(ledger)
    count = 6

    def work() -> None:
        for number in range(count):
            owner.add(asked(number))
            owner.started(number, "worker")
            owner.told(told(number))

    def client() -> None:
        for number in range(count):
            ledger.searches.submit(SPEC, name="x", idempotency=Idempotency("key", "user", "digest"))
            ledger.searches.change(search.id, None, name=str(number))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work), *(pool.submit(client) for _ in range(7))]:
            done.result()
    events = ledger.events.after(search.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert ledger.searches.get(search.id).counts.succeeded == count


def test_time_outs_hold_in_its_transactions_and_nowhere_else(ledger, pooler, postgresql_url):
    with ledger.database.writing() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in ("statement_timeout", "lock_timeout")]
        assert shown == ["30s", "30s"]
    with psycopg.connect(pooler.url(postgresql_url)) as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_a_pooler_is_found_or_named(pooler, postgresql_url, tmp_path):
    url = pooler.url(postgresql_url)
    answers = []
    for given, pooler_setting in ((url, None), (url, False), (postgresql_url, None), (postgresql_url, True)):
        opened = Ledger(given, Connections(pooler=pooler_setting))
        answers.append(opened.database.through_pooler())
        opened.close()
    assert answers == [True, False, False, True]
    check = doctor.database(Settings(home=tmp_path, database_url=url))
    assert "through a connection pooler" in check.detail


@pytest.mark.parametrize("parameter", ["pgbouncer=true", "prepared_statement_cache_size=0", "statement_cache_size=0"])
def test_the_parameters_that_providers_of_poolers_write_name_one(postgresql_url, parameter):
    opened = Ledger(f"{postgresql_url}&{parameter}")
    assert opened.database.through_pooler()
    opened.close()


def test_a_result_waits_for_a_connection_where_the_pooler_takes_no_more(pooler, postgresql_url, monkeypatch):
    ledger = Ledger(pooler.url(postgresql_url))
    search, owner = claimed(ledger)
    owner.add(asked(0))
    ledger.close()
    others = [psycopg.connect(pooler.url(postgresql_url)) for _ in range(CLIENTS)]
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        others.pop().close()

    monkeypatch.setattr(postgresql_server.time, "sleep", sleep)
    owner.told(told(0))
    ledger.close()
    while others:
        others.pop().close()
    assert waited
    assert ledger.searches.get(search.id).counts.succeeded == 1
    ledger.close()


def test_without_a_connection_the_api_answers_503_with_the_reason(pooler, postgresql_url, monkeypatch, tmp_path):
    monkeypatch.setattr(app_state, "CONNECTION_WAIT_S", 0)
    url = pooler.url(postgresql_url)
    with TestClient(create_app(Settings(home=tmp_path, open=True, database_url=url)), "http://127.0.0.1") as http:
        http.app.state.shared.ledger.close()
        others = [psycopg.connect(url) for _ in range(CLIENTS)]
        answer = http.get("/v1/searches")
        for other in others:
            other.close()
        assert http.get("/v1/searches").status_code == 200
    assert (answer.status_code, answer.json()["reason"]) == (503, "LEDGER_UNAVAILABLE")
    assert "no more connections" in answer.json()["detail"]
    assert "NAS_DATABASE_CONNECTIONS" in answer.json()["detail"]
    assert answer.headers["retry-after"]
