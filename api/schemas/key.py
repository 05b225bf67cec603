"""API keys and sessions as requests and responses."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.schemas.common import Received, Sent, Text

ScopeName = Literal["read", "write", "admin"]


class NewKey(Received):
    name: Text
    scopes: Annotated[tuple[ScopeName, ...], Field(min_length=1, max_length=3)] = ("read",)
    expires_at: Annotated[AwareDatetime | None, Field(description="null: never")] = None


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
