"""Whether the process lives, whether it can serve, its metrics, and its disk."""

import logging
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Response

from api.http.app_state import App, AppState
from api.http.concurrency import RECORDS
from api.http.security import READ
from api.schemas.common import Sent
from nas.errors import NasError
from nas.jobs.states import SearchState
from nas.machine.folders import existing, write_failure

router = APIRouter(tags=["health"])

_log = logging.getLogger("nas.api")


class Alive(Sent):
    status: Literal["ok"] = "ok"


class Check(Sent):
    """reason: what is wrong; null if nothing is."""

    ok: bool
    seconds: float
    reason: str | None


class Disk(Sent):
    """sizes_bytes: by what files belong to. `searches`, `finished trainings`, `deleted searches` and `unreferenced` are
    artifacts, of the first of them that a file is kept for; `uploads` data sets, and `scratch` folders of searches.
    """

    free_bytes: int
    total_bytes: int
    sizes_bytes: dict[str, int]


class Readiness(Sent):
    status: Literal["ready", "unready"]
    checks: dict[str, Check]


@router.get("/healthz")
async def healthz() -> Alive:
    """The process answers. Checks nothing else."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "A check failed; its reason says why"}})
def readyz(app: App, response: Response) -> Readiness:
    """Whether requests can be served: the database has the schema of this version, and it and files can be written."""
    checks = {"database": _timed(_database, app), "disk": _timed(_disk, app)}
    ready = all(check.ok for check in checks.values())
    response.status_code = 200 if ready else 503
    return Readiness(status="ready" if ready else "unready", checks=checks)


@router.get(
    "/metrics",
    dependencies=[READ, RECORDS],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(app: App) -> Response:
    """Metrics as Prometheus reads them."""
    states, oldest = app.ledger.searches.tally()
    waiting = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    counts = {state.value: states.get(state, 0) for state in SearchState}
    return Response(app.metrics.text(counts, waiting, app.streams.viewers), media_type="text/plain; version=0.0.4")


@router.get("/v1/disk", dependencies=[READ, RECORDS])
def disk(app: App) -> Disk:
    """What takes how much of the disk: counted at most once a minute, as it takes seconds."""
    whole = shutil.disk_usage(existing(app.settings.home))
    return Disk(free_bytes=whole.free, total_bytes=whole.total, sizes_bytes=app.disk.sizes_bytes())


def _timed(find_fault: Callable[[AppState], str | None], app: AppState) -> Check:
    """find_fault: returns what is wrong, in words that all may read; None if nothing is."""
    start = time.perf_counter()
    reason = find_fault(app)
    return Check(ok=reason is None, seconds=round(time.perf_counter() - start, 4), reason=reason)


def _database(app: AppState) -> str | None:
    try:
        app.ledger.check()
    except NasError as error:
        _log.warning("not ready: %s", error)
        return "it does not answer, cannot be written or has another schema; the log of the service says more"
    return None


def _disk(app: AppState) -> str | None:
    for folder in (app.settings.home, app.settings.artifacts):
        if failure := write_failure(folder):
            _log.warning("not ready: %s cannot be written: %s", folder, failure)
            return f"the service's folder cannot be written: {failure}"
    return None
