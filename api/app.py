"""The HTTP API as one application. It starts without torch, and answers whether or not a dispatcher runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api import openapi, routes
from api.http import error_handlers
from api.http.app_state import AppState
from api.http.body_limits import UPLOAD_LIMIT, BodyLimits
from api.http.outermost import Outermost
from nas.service.settings import Settings

DASHBOARD = Path(__file__).parent / "dashboard" / "dist"
GZIP_FROM = 2000
GZIP_LEVEL = 1
"""Higher levels take three times as long for a tenth less: columns of trials are mostly digits."""


def create_app(settings: Settings) -> FastAPI:
    """The application. Its database is opened and migrated when it starts, and closed when it ends."""
    shared = AppState.of(settings)
    app = FastAPI(
        title="nas",
        version=version("nas"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        lifespan=_lifespan,
        middleware=[
            Middleware(Outermost, metrics=shared.metrics, settings=settings),
            Middleware(GZipMiddleware, minimum_size=GZIP_FROM, compresslevel=GZIP_LEVEL),
            Middleware(BodyLimits, upload_limit=UPLOAD_LIMIT),
        ],
    )
    app.state.shared = shared
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]  # as FastAPI's documentation does
    error_handlers.install(app)
    for router in routes.routers():
        app.include_router(router)
    if (DASHBOARD / "index.html").is_file():
        app.add_api_route("/", _dashboard, include_in_schema=False)
        app.frontend("/", directory=DASHBOARD, fallback=None)
        app.add_exception_handler(HTTPStatus.NOT_FOUND, _page_or_problem)
    else:
        app.add_api_route("/", _no_dashboard, include_in_schema=False)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    shared: AppState = app.state.shared
    await run_in_threadpool(shared.ledger.migrate)
    watching = asyncio.create_task(shared.streams.run())
    try:
        yield
    finally:
        shared.streams.close()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        shared.ledger.close()


def _dashboard(request: Request) -> HTMLResponse:
    """The page at any of its addresses. It finds its files relative to that, whatever a proxy puts before it."""
    raw_path: bytes = request.scope["raw_path"]
    up = "../" * (raw_path.partition(b"?")[0].count(b"/") - 1) or "./"
    page = (DASHBOARD / "index.html").read_text(encoding="utf-8")
    page = page.replace('="./', f'="{up}').replace('name="root" content="/"', f'name="root" content="{up}"')
    return HTMLResponse(page, headers={"cache-control": "no-cache"})


async def _page_or_problem(request: Request, error: Exception) -> Response:
    """Addresses that nothing else has are the dashboard's, for who looks for a page."""
    if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", ""):
        return await run_in_threadpool(_dashboard, request)
    return await error_handlers.http_error(request, error)


def _no_dashboard() -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>nas</title>'
        "<p>The service runs. Its dashboard is not built: run <code>make dashboard</code> and start again.</p>"
        '<p><a href="docs">HTTP API</a></p></html>'
    )
