"""API keys, and sessions of the dashboard, which stand for a key: secrets of which the ledger has only a digest."""

import hashlib
import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from nas.jobs import tables
from nas.jobs.errors import NotFoundError
from nas.jobs.records import SCOPES, KeyRecord
from nas.jobs.rows import LedgerPart, read_key
from nas.sql.column_types import now
from nas.sql.errors import ValueRefusedError
from nas.sql.ids import new_id

_BASE62 = string.digits + string.ascii_letters
_RANDOM = 43  # 256 bits
_CHECK = 6
_PREFIX = len("nas_") + 6
USED_AGAIN = timedelta(minutes=1)
SESSION_LENGTH = timedelta(days=7)
_SESSION_SECRET_BYTES = 32

_session = tables.api_session.c


class Keys(LedgerPart):
    def create(self, name: str, scopes: Sequence[str], expires_at: datetime | None = None) -> tuple[KeyRecord, str]:
        """A new key and its secret, which cannot be read again later. ValueRefusedError for an unknown scope."""
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise ValueRefusedError(f"scopes: {', '.join(unknown) or 'none'}; there are: {', '.join(SCOPES)}")
        body = "nas_" + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM))
        secret = f"{body}_{_check(body)}"
        key_id = new_id("key")
        row = {
            "id": key_id,
            "name": name,
            "digest": secret_digest(secret),
            "prefix": secret[:_PREFIX],
            "scopes": [*scopes],
        }
        with self._database.writing() as connection:
            connection.execute(insert(tables.api_key).values(**row, created_at=now(), expires_at=expires_at))
            made = connection.execute(select(tables.api_key).where(tables.api_key.c.id == key_id)).one()
        return read_key(made), secret

    def find(self, secret: str) -> KeyRecord | None:
        """The key of this secret; None if there is none, or it is revoked or expired.

        The time of use is recorded, to a minute.
        """
        body, _, check = secret.rpartition("_")
        if not secret.isascii() or check != _check(body):
            return None
        key = tables.api_key.c
        known = select(tables.api_key, now().label("now")).where(key.digest == secret_digest(secret), *active())
        with self._database.reading() as connection:
            found = connection.execute(known).one_or_none()
        if found is None:
            return None
        if found.last_used_at is None or found.now - found.last_used_at > USED_AGAIN:
            with self._database.writing() as connection:
                connection.execute(update(tables.api_key).where(key.id == found.id).values(last_used_at=now()))
        return read_key(found)

    def is_active(self, key_id: str) -> bool:
        """Whether the key exists, and is neither revoked nor expired."""
        with self._database.reading() as connection:
            known = select(tables.api_key.c.id).where(tables.api_key.c.id == key_id, *active())
            return connection.scalar(known) is not None

    def revoke(self, key_id: str) -> KeyRecord:
        """Refuse the key from now on. NotFoundError if there is no such key."""
        key = tables.api_key.c
        with self._database.writing() as connection:
            current = update(tables.api_key).where(key.id == key_id, key.revoked_at.is_(None))
            connection.execute(current.values(revoked_at=now()))
            found = connection.execute(select(tables.api_key).where(key.id == key_id)).one_or_none()
        if found is None:
            raise NotFoundError(f"no key {key_id}")
        return read_key(found)

    def list(self) -> Sequence[KeyRecord]:
        """All keys, also revoked ones, the oldest first."""
        key = tables.api_key.c
        return tuple(map(read_key, self._all(select(tables.api_key).order_by(key.created_at, key.id))))


class Sessions(LedgerPart):
    """A session is over after SESSION_LENGTH, when it is ended, when its key is revoked or expired, and where the
    database's clock was set back by more than a minute meanwhile: nobody knows for how long it would last then.
    """

    def begin(self, key_id: str) -> str:
        """The secret of a new session of the key. Sessions that are over are forgotten."""
        secret = secrets.token_urlsafe(_SESSION_SECRET_BYTES)
        with self._database.writing() as connection:
            at = connection.execute(select(now())).scalar_one()
            connection.execute(delete(tables.api_session).where(_session.expires_at <= at))
            row = {"digest": secret_digest(secret), "key_id": key_id, "used_at": at, "expires_at": at + SESSION_LENGTH}
            connection.execute(insert(tables.api_session).values(**row))
        return secret

    def key(self, secret: str) -> KeyRecord | None:
        """The key of a session; None if there is no such session, or it is over."""
        if not secret.isascii():
            return None
        mine = _session.digest == secret_digest(secret)
        joined = tables.api_key.join(tables.api_session, _session.key_id == tables.api_key.c.id)
        wanted = select(tables.api_key, _session.used_at, _session.expires_at.label("over_at"), now().label("now"))
        with self._database.reading() as connection:
            found = connection.execute(wanted.select_from(joined).where(mine, *active())).one_or_none()
        if found is None or found.now >= found.over_at or found.now < found.used_at - USED_AGAIN:
            return None
        if found.now - found.used_at > USED_AGAIN:
            with self._database.writing() as connection:
                connection.execute(update(tables.api_session).where(mine).values(used_at=now()))
        return read_key(found)

    def end(self, secret: str) -> None:
        """End a session, if there is one with this secret."""
        if secret.isascii():
            with self._database.writing() as connection:
                connection.execute(delete(tables.api_session).where(_session.digest == secret_digest(secret)))


def active() -> tuple[ColumnElement[bool], ...]:
    """Conditions on the keys that are accepted now."""
    key = tables.api_key.c
    return key.revoked_at.is_(None), or_(key.expires_at.is_(None), key.expires_at > now())


def secret_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(body: str) -> str:
    """A checksum: secret scanners recognise a leaked key by it, and a mistyped key is refused without a query."""
    value, digits = zlib.crc32(body.encode("utf-8", "replace")), ""
    for _ in range(_CHECK):
        value, digit = divmod(value, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits
