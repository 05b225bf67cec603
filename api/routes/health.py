"""Whether the process lives, whether it can serve, and its metrics."""

import logging
import time
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Response

from api.http.app_state import App
from api.http.security import READ
from api.schemas.common import Sent
from nas.errors import NasError
from nas.jobs.states import SearchState

router = APIRouter(tags=["health"])

_log = logging.getLogger("nas.api")


class Alive(Sent):
    status: Literal["ok"] = "ok"


class Check(Sent):
    """reason: what is wrong; null if nothing is."""

    ok: bool
    seconds: float
    reason: str | None


class Readiness(Sent):
    status: Literal["ready", "unready"]
    checks: dict[str, Check]


@router.get("/healthz")
async def healthz() -> Alive:
    """The process answers. Checks nothing else."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "A check failed; its reason says why"}})
def readyz(app: App, response: Response) -> Readiness:
    """Whether requests can be served: the database is there, with the schema of this version."""
    start = time.perf_counter()
    try:
        app.ledger.check()
    except NasError as error:
        _log.warning("not ready: %s", error)
        reason: str | None = "it does not answer, or has another schema; the log of the service says more"
    else:
        reason = None
    check = Check(ok=reason is None, seconds=round(time.perf_counter() - start, 4), reason=reason)
    response.status_code = 200 if check.ok else 503
    return Readiness(status="ready" if check.ok else "unready", checks={"database": check})


@router.get(
    "/metrics",
    dependencies=[READ],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(app: App) -> Response:
    """Metrics as Prometheus reads them."""
    states, oldest = app.ledger.searches.tally()
    waiting = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    counts = {state.value: states.get(state, 0) for state in SearchState}
    return Response(app.metrics.text(counts, waiting, app.streams.viewers), media_type="text/plain; version=0.0.4")
