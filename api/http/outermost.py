"""The outermost layer: an id and a time for each request, security headers, and who may call from where."""

import re
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.error_handlers import SECURITY_HEADERS, problem
from api.http.metrics import Metrics
from nas.service.settings import LOOPBACK

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Outermost:
    """ASGI middleware. open_: the service asks for no keys, so only requests to a loopback name are answered.

    A page of another site that makes its own host name resolve to 127.0.0.1 (DNS rebinding) is refused by that.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, open_: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._open = open_

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        start, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                sent["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    sent.setdefault(name, value)
                if scope["path"].startswith("/v1/"):
                    sent.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(headers) or _cross_site(scope["method"], headers)
        try:
            if refusal:
                await problem(scope, refusal[0], refusal[1])(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        finally:
            self._metrics.request(scope, status, time.perf_counter() - start)

    def _refusal(self, headers: Headers) -> tuple[str, str] | None:
        if self._open and _host_name(headers.get("host", "")) not in LOOPBACK:
            return "HOST_REFUSED", "This service is open, so it answers to localhost, 127.0.0.1 and [::1] only."
        return None


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _cross_site(method: str, headers: Headers) -> tuple[str, str] | None:
    """Why a change is refused: the browser says that a page of another site asks for it. A request with a key
    in a header was not made by a browser on its own, so its origin does not matter.
    """
    if method in _SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
        return None
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    foreign = origin is not None and origin.partition("//")[2].lower() != headers.get("host", "").lower()
    if site not in {"same-origin", "none"} or foreign:
        return "CROSS_SITE", "A page of another site may not change anything here."
    return None
