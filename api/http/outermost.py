"""The outermost layer: the path below a proxy, an id and a time for each request, security headers, and who may call
from where.
"""

import re
import secrets
import time
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.error_handlers import SECURITY_HEADERS, problem
from api.http.metrics import Metrics
from api.http.root_path import enter
from nas.service.settings import LOOPBACK, Settings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_HOST_REFUSED = (
    "This service is open, so it answers to localhost, 127.0.0.1 and [::1], and to the names in NAS_ALLOWED_HOSTS."
)
_CROSS_SITE = (
    "A page of another site may not change anything here. If this is the service's own page behind a proxy, list the "
    "proxy's host name in NAS_ALLOWED_HOSTS."
)


class Outermost:
    """ASGI middleware. An open service asks for no keys, so only requests to a loopback or allowed name are answered.

    A page of another site that makes its own host name resolve to 127.0.0.1 (DNS rebinding) is refused by that.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, settings: Settings) -> None:
        self._app = app
        self._metrics = metrics
        self._root_path = settings.root_path
        self._allowed = settings.allowed_host_names
        self._open = settings.open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        enter(self._root_path)
        scope = self._below_root(scope)
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

        refusal = self._refusal(headers) or self._cross_site(scope["method"], headers)
        try:
            if not scope["path"]:  # relative addresses in the page need the slash
                await RedirectResponse(f"{self._root_path}/")(scope, receive, send_with_headers)
            elif refusal:
                await problem(scope, refusal[0], refusal[1])(scope, receive, send_with_headers)
            else:
                await self._app(scope, receive, send_with_headers)
        finally:
            self._metrics.request(scope, status, time.perf_counter() - start)

    def _below_root(self, scope: Scope) -> Scope:
        """The request as without a proxy, whether the proxy has taken its path away or left it."""
        root, path = unquote(self._root_path), scope["path"]
        if not root or not (path == root or path.startswith(f"{root}/")):
            return scope
        raw_path = b"/".join([b"", *scope["raw_path"].split(b"/")[1 + root.count("/") :]])
        return {**scope, "path": path[len(root) :], "raw_path": raw_path}

    def _refusal(self, headers: Headers) -> tuple[str, str] | None:
        names = {_host_name(host) for host in (headers.get("host", ""), *_forwarded_hosts(headers))}
        if self._open and not names <= LOOPBACK | self._allowed:
            return "HOST_REFUSED", _HOST_REFUSED
        return None

    def _cross_site(self, method: str, headers: Headers) -> tuple[str, str] | None:
        """Why a change is refused: the browser says that a page of another site asks for it. A request with a key
        in a header was not made by a browser on its own, so its origin does not matter.
        """
        if method in _SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site == "same-origin" or (site in {None, "none"} and (origin is None or self._own(origin, headers))):
            return None
        return "CROSS_SITE", _CROSS_SITE

    def _own(self, origin: str, headers: Headers) -> bool:
        """Whether a page of this origin is the service's own. Other sites cannot set X-Forwarded-Host."""
        host = origin.partition("//")[2].lower()
        return (
            host in {headers.get("host", "").lower(), *_forwarded_hosts(headers)} or _host_name(host) in self._allowed
        )


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _forwarded_hosts(headers: Headers) -> list[str]:
    """The names by which clients called the proxies in front, in lower case."""
    given = ",".join(headers.getlist("x-forwarded-host")).lower().split(",")
    return [host.strip() for host in given if host.strip()]
