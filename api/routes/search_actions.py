"""Actions on a search: pause, resume, cancel, fork, retarget, undelete."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response

from api.http.app_state import App, AppState
from api.http.concurrency import SPEC
from api.http.parameters import SearchId
from api.http.problems import FieldFault, ProblemError, problems
from api.http.security import WRITE, Principal, Writer
from api.routes.searches import (
    SUBMIT_PROBLEMS,
    IdempotencyKey,
    confirm_search,
    created_response,
    idempotency,
    search_response,
)
from api.schemas.search import SearchOut
from api.schemas.submission import Fork, Retarget
from api.specs import SPEC_FIELDS, check_spec
from nas.faults import meant
from nas.jobs.records import SearchRecord
from nas.retargeting.fresh import check_shared, fresh_spec
from nas.search.devices import with_changes
from nas.search.earlier import PREPARED, SHARED_START, with_known_start

router = APIRouter(prefix="/v1/searches", tags=["searches"])

MAX_NAME = 200
_FACTS: dict[str, Any] = {
    "dependencies": [WRITE],
    "response_model": SearchOut,
    "responses": problems("STATE_TRANSITION"),
}


@router.post("/{search_id}:pause", **_FACTS)
def pause_search(search_id: SearchId, app: App) -> Response:
    """Stop, with the trials that run: they begin again when the search is resumed, finalists from their last epoch.

    Paused already: nothing changes.
    """
    return search_response(app.ledger.searches.request(search_id, "pause"))


@router.post("/{search_id}:resume", **_FACTS)
def resume_search(search_id: SearchId, app: App) -> Response:
    """Resume a search that is paused."""
    return search_response(app.ledger.searches.request(search_id, "resume"))


@router.post("/{search_id}:cancel", **_FACTS)
def cancel_search(search_id: SearchId, app: App) -> Response:
    """End a search for good, with the trials it has; those that run are stopped."""
    return search_response(app.ledger.searches.request(search_id, "cancel"))


@router.post("/{search_id}:undelete", **_FACTS)
def undelete_search(search_id: SearchId, app: App) -> Response:
    """Bring a deleted search back."""
    return search_response(app.ledger.searches.undelete(search_id))


@router.post(
    "/{search_id}:fork",
    status_code=201,
    response_model=SearchOut,
    dependencies=[WRITE, SPEC],
    responses=SUBMIT_PROBLEMS,
)
def fork_search(
    *,
    search_id: SearchId,
    body: Fork,
    request: Request,
    app: App,
    caller: Writer,
    key: IdempotencyKey = None,
) -> Response:
    """Make a search with the spec of this one, but for the fields in the body.

    What was trained before with the same images, recipe and seed is not trained again.
    """
    parent = app.ledger.searches.get(search_id)
    changes = body.model_extra or {}
    unknown = [
        FieldFault.in_body([name], f"there is no such field{meant(name, sorted(SPEC_FIELDS))}")
        for name in sorted(set(changes) - SPEC_FIELDS)
    ]
    if unknown:
        raise ProblemError("REQUEST_INVALID", "Only fields of a search can be changed.", errors=unknown)
    values = with_changes({**parent.spec, "max_trials": parent.max_trials}, changes)
    return _made_of(parent, values, body, "fork", _Call(request, app, caller, key))


@router.post(
    "/{search_id}:retarget",
    status_code=201,
    response_model=SearchOut,
    dependencies=[WRITE, SPEC],
    responses=SUBMIT_PROBLEMS,
)
def retarget_search(
    *,
    search_id: SearchId,
    body: Retarget,
    request: Request,
    app: App,
    caller: Writer,
    key: IdempotencyKey = None,
) -> Response:
    """Make a search for another target or device that scores networks with the shared weights of this one.

    It has the space, the images, the recipe, the seed and the limits of this one, and no finalists: nothing is trained.
    This search is not changed. Refused where there are no shared weights.
    """
    parent = app.ledger.searches.get(search_id)
    results = app.ledger.trials.results(parent.id)
    check_shared(results.get(PREPARED), parent.spec["evaluator"]["name"])
    known = {**parent.spec, "evaluator": with_known_start(parent.spec["evaluator"], results.get(SHARED_START))}
    values = fresh_spec(
        known,
        parent.facts or {},
        parent=parent.id,
        device=body.device,
        target_ms=body.target_latency_ms,
        candidates=body.candidates,
    )
    return _made_of(parent, values, body, "retargeted", _Call(request, app, caller, key))


class _Call(NamedTuple):
    request: Request
    app: AppState
    caller: Principal
    key: str | None


def _made_of(
    parent: SearchRecord, values: Mapping[str, Any], body: Fork | Retarget, made: str, call: _Call
) -> Response:
    """A search made of another one, with the values of its spec. made: how its name tells so."""
    app = call.app
    spec = check_spec(values, app).spec
    search, created = app.ledger.searches.submit(
        spec.model_dump(mode="json"),
        name=body.name or f"{parent.name[: MAX_NAME - len(made) - 3]} ({made})",
        labels=parent.labels if body.labels is None else body.labels,
        priority=parent.priority if body.priority is None else body.priority,
        parent_id=parent.id,
        idempotency=idempotency(call.key, call.caller.owner, [call.request.url.path, body.model_dump(mode="json")]),
        confirm=lambda: confirm_search(spec, app, call.caller.asking(call.request)),
    )
    return created_response(search, created=created)
