"""API keys and sessions as requests and responses."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from api.schemas.common import Received, Sent, Text

ScopeName = Literal["read", "write", "admin", "agent"]


def _text(value: object) -> object:
    if isinstance(value, int | float):  # pydantic would take seconds
        raise ValueError("give a date and time as in 2030-01-31T12:00:00Z")  # noqa: TRY004 - pydantic wants this one
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text)]


class NewKey(Received):
    name: Text
    scopes: Annotated[tuple[ScopeName, ...], Field(min_length=1, max_length=4)] = ("read",)
    expires_at: Annotated[Moment | None, Field(description="null: never")] = None


class KeyOut(Sent):
    """prefix: the first characters of the secret, to recognise it by."""

    id: str
    name: str
    prefix: str
    scopes: list[ScopeName]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class CreatedKey(KeyOut):
    """secret: shown this once."""

    secret: str


class KeyList(Sent):
    items: list[KeyOut]


class SignIn(Received):
    key: Annotated[str, Field(min_length=1, max_length=200)]


class SessionOut(Sent):
    """open: no keys are asked for. scopes: what the caller may do; none when not signed in."""

    open: bool
    scopes: list[ScopeName]
