"""Sessions of the dashboard: an API key becomes a cookie that scripts in the page cannot read."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response

from api.http.app_state import App
from api.http.problems import ProblemError, problems
from api.http.root_path import served
from api.http.security import COOKIE, SESSION_S, Caller, Principal
from api.schemas.key import SessionOut, SignIn

router = APIRouter(prefix="/v1/session", tags=["session"])


@router.get("", openapi_extra={"security": [{}]})
def get_session(app: App, caller: Caller) -> SessionOut:
    """What the caller may do; nothing when not signed in."""
    return SessionOut(open=app.settings.open, scopes=caller.scopes if caller else [])


@router.post("", responses=problems("KEY_INVALID"))
def sign_in(body: SignIn, request: Request, response: Response, app: App) -> SessionOut:
    """Sign in with an API key: sets a cookie for seven days."""
    key = app.ledger.keys.find(body.key)
    if key is None:
        raise ProblemError("KEY_INVALID", "The API key is unknown, expired or revoked.")
    response.set_cookie(
        COOKIE,
        app.ledger.sessions.begin(key.id),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        path=served("/"),
        secure=request.url.scheme == "https",
    )
    return SessionOut(open=app.settings.open, scopes=Principal(key).scopes)


@router.delete("", status_code=204)
def sign_out(
    response: Response, app: App, session: Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)] = None
) -> None:
    """Sign out: the session is over, also for whoever has a copy of its cookie."""
    if session is not None:
        app.ledger.sessions.end(session)
    response.delete_cookie(COOKIE, path=served("/"), httponly=True, samesite="strict")
