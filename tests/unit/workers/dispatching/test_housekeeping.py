"""That a dispatcher cleans, and survives it when it cannot."""

import threading
import time
from datetime import timedelta

import pytest
from ledger_steps import claimed
from processes import PATIENCE_S
from sqlalchemy import update

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.service.settings import Settings
from nas.sql.errors import LedgerError
from workers.dispatching import housekeeping
from workers.dispatching.dispatcher import Dispatcher
from workers.dispatching.housekeeping import Housekeeping
from workers.executing.executors.inline import InlineExecutor


@pytest.fixture
def settings(tmp_path, ledger_url):
    return Settings(home=tmp_path, database_url=ledger_url, executor="inline", keep_deleted_days=7)


def deleted(ledger, ago):
    search, owner = claimed(ledger)
    owner.end("SUCCEEDED")
    at = ledger.searches.delete(search.id).deleted_at
    with ledger.database.writing() as connection:
        connection.execute(update(tables.search).where(tables.search.c.id == search.id).values(deleted_at=at - ago))
    return search.id


def there(ledger, search_id):
    try:
        return ledger.searches.get(search_id, deleted=True)
    except NotFoundError:
        return None


def test_a_dispatcher_cleans_when_it_starts(ledger, settings):
    old, new = deleted(ledger, timedelta(days=8)), deleted(ledger, timedelta(days=6))
    stop = threading.Event()
    running = threading.Thread(target=Dispatcher(ledger, settings, InlineExecutor(1)).run, args=(stop,))
    running.start()
    deadline = time.monotonic() + PATIENCE_S
    try:
        while there(ledger, old) is not None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        running.join()
    assert there(ledger, new) is not None


def test_cleaning_that_fails_is_tried_again(ledger, settings, monkeypatch, caplog):
    done = []

    def clean(*_):
        done.append(1)
        if len(done) == 1:
            raise LedgerError("the database is away")
        raise PermissionError("a folder is not ours")

    monkeypatch.setattr(housekeeping, "clean", clean)
    keeping = Housekeeping(ledger, settings)
    for _ in range(2):
        keeping.tick()
        keeping.join(PATIENCE_S)
        keeping.tick()
        keeping.join(PATIENCE_S)
        keeping._due = 0.0
    keeping.stop()

    assert len(done) == 2
    assert ["the database is away" in text or "a folder is not ours" in text for text in caplog.messages] == [
        True,
        True,
    ]
