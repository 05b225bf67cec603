"""Column types with the same meaning on every database, and the database's clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Text, or_, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from nas.sql.errors import ValueRefusedError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


class Instant(TypeDecorator[datetime]):
    """A time: milliseconds since 1970 in the database, an aware datetime in UTC in Python."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _TICK


class Words(TypeDecorator[str]):
    """Text. ValueRefusedError for characters that PostgreSQL or UTF-8 cannot store."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        if value is not None and readable(value) != value:
            raise ValueRefusedError("text with a NUL or half a surrogate pair cannot be stored; remove the character")
        return value


class Json(TypeDecorator[Any]):
    """A JSON value as text, which keeps the order of keys and the last bit of floats. None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        try:
            return None if value is None else json.dumps(value, allow_nan=False, separators=(",", ":"))
        except ValueError:
            raise ValueRefusedError("NaN and infinite numbers cannot be stored; JSON has none") from None

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class now(FunctionElement[datetime]):  # noqa: N801 - a function of SQL
    """The database's clock at this moment. Leases use no other clock."""

    type = Instant()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(_element: now, _compiler: Any, **_: Any) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now, "postgresql")
def _postgresql_now(_element: now, _compiler: Any, **_: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


def lease_over(until: ColumnElement[datetime], length_s: float) -> ColumnElement[bool]:
    """Whether a lease that is renewed to length_s from now is over: it ended, or ends later than any renewal can set.

    The latter happens where the database's clock was set back.
    """
    until_ms, now_ms = type_coerce(until, BigInteger), type_coerce(now(), BigInteger)
    return or_(until_ms <= now_ms, until_ms > now_ms + round(length_s * 1000))


def readable(text: str) -> str:
    """The text with replacement characters for what cannot be stored; for output of programs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
