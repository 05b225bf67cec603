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


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_scopes_are_known_ones(ledger, scopes):
    with pytest.raises(ValueRefusedError, match="there are: read, write, admin"):
        ledger.keys.create("laptop", scopes)


def test_a_scope_includes_the_smaller_ones(ledger):
    key, _ = ledger.keys.create("laptop", ["write"])
    assert [key.allows(scope) for scope in ("read", "write", "admin")] == [True, True, False]
