import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.sql.errors import ValueRefusedError


def test_a_secret_finds_its_key_and_is_not_stored(ledger):
    key, secret = ledger.keys.create("laptop", ["write"])
    ledger.keys.create("another", ["read"])
    assert secret.startswith("nas_")
    assert len(secret) == len("nas_") + 43 + 1 + 6
    assert secret.startswith(key.prefix)
    found = ledger.keys.find(secret)
    assert dataclasses.replace(found, last_used_at=None) == key
    with ledger.database.reading() as connection:
        stored = str(connection.execute(select(tables.api_key)).all())
    assert secret[len(key.prefix) :] not in stored


@pytest.mark.parametrize(
    "secret", ["", "nas_", "nas_x_y", "nas_" + "a" * 43 + "_000000", "é", "\ud800", "\0", "a" * 9999]
)
def test_what_is_no_secret_finds_nothing(ledger, secret):
    ledger.keys.create("laptop", ["read"])
    assert ledger.keys.find(secret) is None


def test_one_wrong_character_finds_nothing(ledger):
    _, secret = ledger.keys.create("laptop", ["read"])
    wrong = secret[:9] + ("a" if secret[9] != "a" else "b") + secret[10:]
    assert ledger.keys.find(wrong) is None


def test_a_revoked_key_is_refused(ledger):
    key, secret = ledger.keys.create("laptop", ["read"])
    revoked = ledger.keys.revoke(key.id)
    assert revoked.revoked_at is not None
    assert ledger.keys.revoke(key.id) == revoked
    assert ledger.keys.find(secret) is None
    assert list(ledger.keys.list()) == [revoked]
    with pytest.raises(NotFoundError):
        ledger.keys.revoke("key_unknown")


def test_a_key_that_is_over_is_refused(ledger):
    _, over = ledger.keys.create("over", ["read"], datetime.now(UTC) - timedelta(seconds=5))
    _, valid = ledger.keys.create("valid", ["read"], datetime.now(UTC) + timedelta(hours=1))
    assert ledger.keys.find(over) is None
    assert ledger.keys.find(valid) is not None


def test_the_last_use_is_noted_to_a_minute(ledger):
    key, secret = ledger.keys.create("laptop", ["read"])
    ledger.keys.find(secret)
    noted = ledger.keys.list()[0].last_used_at
    assert noted is not None
    ledger.keys.find(secret)
    assert ledger.keys.list()[0].last_used_at == noted
    with ledger.database.writing() as connection:
        connection.execute(update(tables.api_key).values(last_used_at=noted - timedelta(minutes=2)))
    ledger.keys.find(secret)
    assert ledger.keys.list()[0].last_used_at >= noted
    assert ledger.keys.list()[0].id == key.id


def test_a_session_stands_for_its_key_until_it_ends(ledger):
    key, _ = ledger.keys.create("dashboard", ["read"])
    first, second = (ledger.sessions.begin(key.id) for _ in range(2))
    assert ledger.sessions.key(first) == ledger.sessions.key(second) == key
    with ledger.database.reading() as connection:
        assert first not in str(connection.execute(select(tables.api_session)).all())
    ledger.sessions.end(first)
    assert ledger.sessions.key(first) is None
    assert ledger.sessions.key(second) == key
    for unknown in ("", "é", "\udc80", second[:-1]):
        assert ledger.sessions.key(unknown) is None
    ledger.keys.revoke(key.id)
    assert ledger.sessions.key(second) is None


@pytest.mark.parametrize("set_back", [timedelta(minutes=3), timedelta(days=30)])
def test_a_session_is_over_after_a_week_and_where_the_clock_was_set_back(ledger, set_back):
    key, _ = ledger.keys.create("dashboard", ["read"])
    secret = ledger.sessions.begin(key.id)
    session = tables.api_session.c

    def shift(by):
        """As if the database's clock had gone by as much the other way."""
        with ledger.database.writing() as connection:
            row = connection.execute(select(session.used_at, session.expires_at)).one()
            later = {"used_at": row.used_at + by, "expires_at": row.expires_at + by}
            connection.execute(update(tables.api_session).values(**later))

    shift(set_back)
    assert ledger.sessions.key(secret) is None
    shift(-set_back - timedelta(days=6))
    assert ledger.sessions.key(secret) == key
    shift(-timedelta(days=1))
    assert ledger.sessions.key(secret) is None
    ledger.sessions.begin(key.id)
    with ledger.database.reading() as connection:
        assert len(connection.execute(select(tables.api_session)).all()) == 1


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_scopes_are_known_ones(ledger, scopes):
    with pytest.raises(ValueRefusedError, match="there are: read, write, admin"):
        ledger.keys.create("laptop", scopes)


def test_a_scope_includes_the_smaller_ones(ledger):
    key, _ = ledger.keys.create("laptop", ["write"])
    assert [key.allows(scope) for scope in ("read", "write", "admin")] == [True, True, False]
