"""The caller and its scopes: an API key in a header, a session made from one, or anybody if the service is open."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.http.app_state import App, AppState
from api.http.problems import ProblemError
from nas.jobs.records import KeyRecord

Scope = Literal["read", "write", "admin", "agent"]
_SCOPES: tuple[Scope, ...] = ("read", "write", "admin", "agent")
COOKIE = "nas_session"
SESSION_S = 7 * 24 * 3600

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="An API key: `nas_...`")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session", description="A session of the dashboard: POST /v1/session"
)


@dataclass(frozen=True, slots=True)
class Principal:
    """key: None if the service is open, where everything is allowed."""

    key: KeyRecord | None

    @property
    def key_id(self) -> str | None:
        return self.key.id if self.key else None

    @property
    def owner(self) -> str:
        return self.key.id if self.key else "open"

    def allows(self, scope: Scope) -> bool:
        return self.key is None or self.key.allows(scope)

    @property
    def scopes(self) -> list[Scope]:
        """All that are allowed, with those that others include."""
        return [scope for scope in _SCOPES if self.allows(scope)]


def identify(
    request: Request,
    app: App,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    session: Annotated[str | None, Security(_cookie)] = None,
) -> Principal | None:
    """The caller; None without a key or session. ProblemError, KEY_INVALID, for one that is not valid."""
    if app.settings.open:
        return Principal(None)
    if bearer is not None:
        key = app.ledger.keys.find(bearer.credentials)
    elif request.headers.get("authorization"):
        raise ProblemError("KEY_INVALID", "The header Authorization is to be `Bearer nas_...`.")
    elif session is not None:
        key = _of_session(app, session)
    else:
        return None
    if key is None:
        raise ProblemError("KEY_INVALID", "The API key or session is unknown, expired or revoked.")
    return Principal(key)


def new_session(app: AppState, key: KeyRecord) -> str:
    """The value of a session cookie for the key; it ends after SESSION_S, or with the key."""
    return app.signer.sign("session", [key.id, int(time.time()) + SESSION_S])


def _of_session(app: AppState, token: str) -> KeyRecord | None:
    known = app.signer.read("session", token)
    if known is None or known[1] < time.time():
        return None
    now = datetime.now(UTC)
    return next((key for key in app.ledger.keys.list() if key.id == known[0] and _active(key, now)), None)


def _active(key: KeyRecord, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


Caller = Annotated[Principal | None, Depends(identify)]


class Needs:
    """A dependency that lets only callers with the scope pass."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, caller: Caller) -> Principal:
        if caller is None:
            raise ProblemError("KEY_MISSING", "This needs an API key, or a session made from one.")
        if not caller.allows(self.scope):
            raise ProblemError("SCOPE_MISSING", f"This needs a key with the scope `{self.scope}`.")
        return caller


_read, _write = Needs("read"), Needs("write")
READ = Depends(_read)
WRITE = Depends(_write)
ADMIN = Depends(Needs("admin"))
_agent = Needs("agent")
AGENT = Depends(_agent)
"""For a route's dependencies: `@router.get(path, dependencies=[READ])`."""

Reader = Annotated[Principal, READ]
Writer = Annotated[Principal, WRITE]
Measurer = Annotated[Principal, AGENT]
"""For a route that asks who is calling."""
