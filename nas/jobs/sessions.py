"""Sessions of the dashboard: secrets that stand for an API key until they end. The ledger has only their digests."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from nas.jobs import tables
from nas.jobs.keys import USED_AGAIN, active, secret_digest
from nas.jobs.records import KeyRecord
from nas.jobs.rows import LedgerPart, read_key
from nas.sql.column_types import now

LENGTH = timedelta(days=7)
_SECRET_BYTES = 32

_session = tables.api_session.c


class Sessions(LedgerPart):
    """A session is over after LENGTH, when it is ended, when its key is revoked or expired, and where the database's
    clock was set back by more than a minute meanwhile: nobody knows for how long it would last then.
    """

    def begin(self, key_id: str) -> str:
        """The secret of a new session of the key. Sessions that are over are forgotten."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        with self._database.writing() as connection:
            at = connection.execute(select(now())).scalar_one()
            connection.execute(delete(tables.api_session).where(_session.expires_at <= at))
            row = {"digest": secret_digest(secret), "key_id": key_id, "used_at": at, "expires_at": at + LENGTH}
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
