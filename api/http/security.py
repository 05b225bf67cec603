"""The caller and its scopes: an API key in a header, a session made from one, or anybody if the service is open."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.http.app_state import App
from api.http.problems import ProblemError
from api.http.rates import Askers, network
from nas.jobs.keys import SESSION_LENGTH
from nas.jobs.records import KeyRecord

Scope = Literal["read", "write", "admin", "agent"]
_SCOPES: tuple[Scope, ...] = ("read", "write", "admin", "agent")
COOKIE = "nas_session"
SESSION_S = int(SESSION_LENGTH.total_seconds())

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="An API key: `nas_...`")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session", description="A session of the dashboard: POST /v1/session"
)


@dataclass(frozen=True, slots=True)
class Principal:
    """key: None if the service is open, where everything is allowed. find: reads it again; None once it is over."""

    key: KeyRecord | None
    find: Callable[[], KeyRecord | None] | None = None

    @property
    def key_id(self) -> str | None:
        return self.key.id if self.key else None

    @property
    def owner(self) -> str:
        return self.key.id if self.key else "open"

    def allows(self, scope: Scope) -> bool:
        return self.key is None or self.key.allows(scope)

    def asking(self, request: Request) -> Askers:
        """Whom the request is counted for."""
        client = network(request.client.host if request.client else "unknown")
        return (client,) if self.key is None else (client, self.key.id)

    def still_allows(self, scope: Scope) -> bool:
        """Whether the key or session is valid now, and has the scope."""
        found = self.find() if self.find else None
        return self.key is None or (found is not None and found.allows(scope))

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
        find = partial(app.ledger.keys.find, bearer.credentials)
    elif request.headers.get("authorization"):
        raise ProblemError("KEY_INVALID", "The header Authorization is to be `Bearer nas_...`.")
    elif session is not None:
        find = partial(app.ledger.sessions.key, session)
    else:
        return None
    key = find()
    if key is None:
        raise ProblemError("KEY_INVALID", "The API key or session is unknown, expired or revoked.")
    return Principal(key, find)


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
