"""Searches: made, listed, read, changed and deleted."""

import hashlib
import json
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from api.foreseen import foreseen
from api.http.app_state import App, AppState
from api.http.concurrency import RECORDS, SPEC
from api.http.pages import PAGE_SIZE, PageSize, PageToken, place_of, token_of
from api.http.parameters import SearchId
from api.http.problems import FieldFault, ProblemError, problems
from api.http.rates import Askers
from api.http.root_path import served
from api.http.security import READ, WRITE, Writer
from api.schemas.search import Best, CountsOut, SearchOut, SearchPage, SearchSummary, SpaceSize, Urls
from api.schemas.submission import Effort, Images, NewSearch, SearchPatch, Validated
from api.specs import SPEC_FIELDS, Checked, check_spec, default_name, seconds_of_steps
from nas.jobs.records import LEAST_LEFT_S, Idempotency, SearchRecord
from nas.jobs.searches import position
from nas.jobs.states import TERMINAL, SearchState
from nas.service.data_root import resolve_path
from nas.spaces import load_space
from nas.spec import SearchSpec

router = APIRouter(prefix="/v1", tags=["searches"])

Order = Literal["-created_at", "created_at", "-priority"]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Requests with the same key and body make one search, however often they are sent",
    ),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200, description="The ETag that was read, or *")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1000)]
Plain = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="A part of the name or of a label")]
SUBMIT_PROBLEMS = problems(
    "NOT_FOUND", "SPEC_INVALID", "SPACE_INFEASIBLE", "NAME_UNKNOWN", "REQUEST_INVALID", "IDEMPOTENCY_KEY_REUSED"
)
_HEADERS = {"ETag": {"schema": {"type": "string"}}, "Location": {"schema": {"type": "string"}}}
CREATED: dict[int | str, dict[str, Any]] = {
    200: {"model": Validated, "description": "The search could be made; with validate_only"},
    201: {"description": "The search, made now or by an earlier request with the same key", "headers": _HEADERS},
}

_SAME = SearchSummary.model_fields.keys() - {"state", "counts", "best", "eta_seconds", "urls"}
"""Fields that a search in the ledger has under the same name."""


@router.post(
    "/searches",
    status_code=201,
    responses=CREATED | SUBMIT_PROBLEMS,
    response_model=SearchOut,
    dependencies=[WRITE, SPEC],
)
def create_search(
    *,
    body: NewSearch,
    request: Request,
    app: App,
    caller: Writer,
    key: IdempotencyKey = None,
    validate_only: Annotated[bool, Query(description="Only say whether the search could be made")] = False,
) -> Response:
    """Make a search from the spec that `nas run` takes. It waits in the queue until a dispatcher takes it up."""
    given = body.model_dump(mode="json")
    checked = check_spec({name: given[name] for name in SPEC_FIELDS & given.keys()}, app)
    if validate_only:
        return Response(_validated(checked, app).model_dump_json(), media_type="application/json")
    spec = checked.spec
    search, created = app.ledger.searches.submit(
        spec.model_dump(mode="json"),
        name=body.name or default_name(checked),
        labels=body.labels,
        priority=body.priority,
        idempotency=idempotency(key, caller.owner, [request.url.path, given]),
        confirm=lambda: confirm_search(spec, app, caller.asking(request)),
    )
    return created_response(search, created=created)


@router.get("/searches", dependencies=[READ, RECORDS], responses=problems("PAGE_TOKEN_INVALID"))
def list_searches(
    *,
    app: App,
    page_size: PageSize = PAGE_SIZE,
    page_token: PageToken = None,
    state: Annotated[list[SearchState] | None, Query(description="Only searches in one of these")] = None,
    text: Plain = "",
    order_by: Order = "-created_at",
) -> SearchPage:
    """Searches that were not deleted, in pages."""
    view = ["searches", sorted(state or ()), text, order_by]
    after = place_of(app.signer, page_token, view)
    found = app.ledger.searches.page(
        states=tuple(state or ()), text=text, limit=page_size + 1, after=after and tuple(after), order=order_by
    )
    shown = found[:page_size]
    last = position(shown[-1], order_by) if len(found) > page_size else None
    return SearchPage(
        items=[SearchSummary(**_values(search)) for search in shown],
        next_page_token=token_of(app.signer, last, view) if last else None,
    )


@router.get(
    "/searches/{search_id:id}",
    dependencies=[READ],
    response_model=SearchOut,
    responses={304: {"description": "As it was"}, 200: {"headers": {"ETag": _HEADERS["ETag"]}}},
)
def get_search(search_id: SearchId, app: App, known: IfNoneMatch = None) -> Response:
    """A search with its spec and its facts."""
    search = app.ledger.searches.get(search_id)
    if known and etag(search) in known:
        return Response(status_code=304, headers={"etag": etag(search)})
    return search_response(search)


@router.patch(
    "/searches/{search_id:id}",
    dependencies=[WRITE],
    response_model=SearchOut,
    responses=problems("VERSION_MISMATCH", "VERSION_REQUIRED", "STATE_TRANSITION"),
)
def change_search(
    *, search_id: SearchId, body: SearchPatch, request: Request, app: App, caller: Writer, known: IfMatch = None
) -> Response:
    """Change name, labels, priority or the number of trials; the version that was read goes into If-Match."""
    search = app.ledger.searches.get(search_id)
    changes = body.model_dump(exclude_unset=True)
    app.rates.take(caller.asking(request), trials=max(0, changes.get("max_trials", 0) - search.max_trials))
    return search_response(app.ledger.searches.change(search_id, _version(known), **changes))


@router.delete(
    "/searches/{search_id:id}", dependencies=[WRITE], responses=problems("STATE_TRANSITION"), status_code=204
)
def delete_search(search_id: SearchId, app: App) -> None:
    """Delete a search that has ended or is paused; `:undelete` brings it back."""
    app.ledger.searches.delete(search_id)


def etag(search: SearchRecord) -> str:
    """Strong: another whenever the resource is another. Its first part is the version, which If-Match compares."""
    return f'"{search.version}.{search.last_seq}"'


def search_response(search: SearchRecord, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = SearchOut(**_values(search), spec=search.spec, facts=search.facts).model_dump_json()
    return Response(content, status, {"etag": etag(search), **(headers or {})}, "application/json")


def created_response(search: SearchRecord, *, created: bool) -> Response:
    headers = {"location": served(f"/v1/searches/{search.id}")}
    return search_response(search, 201, headers if created else headers | {"idempotent-replay": "true"})


def confirm_search(spec: SearchSpec, app: AppState, asking: Askers) -> None:
    """Refuse a search whose images were removed meanwhile, or that is more than the caller may ask for."""
    resolve_path(spec.dataset, app.settings.data_root)
    app.rates.take(asking, searches=1, trials=spec.max_trials)


def idempotency(key: str | None, owner: str, request: Any) -> Idempotency | None:
    """request: all that makes two requests the same, in JSON values."""
    if key is None:
        return None
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return Idempotency(key, owner, hashlib.sha256(canonical.encode()).hexdigest())


def _values(search: SearchRecord) -> dict[str, Any]:
    url = served(f"/v1/searches/{search.id}")
    best = None
    if search.best_trial is not None and search.best_reward is not None:
        best = Best(trial=search.best_trial, reward=search.best_reward)
    return {name: getattr(search, name) for name in _SAME} | {
        "state": search.state.value,
        "counts": CountsOut.model_validate(search.counts),
        "best": best,
        "eta_seconds": eta_seconds(search, time.time()),
        "urls": Urls(
            self=url,
            events=f"{url}/events",
            trials=f"{url}/trials",
            pareto=f"{url}/pareto",
            columns=f"{url}/trials:columns",
        ),
    }


def eta_seconds(search: SearchRecord, now_s: float) -> float | None:
    """Time until the search ends, as its dispatcher has told, or else until the last trial at the rate so far; at least
    LEAST_LEFT_S before its end. None when nothing is known or nothing runs.
    """
    ended = search.counts.succeeded + search.counts.failed
    left_s = search.left_s(now_s)
    if left_s is not None:
        return round(left_s, 1)
    if search.state is not SearchState.RUNNING or not ended or search.started_at is None:
        return 0.0 if search.state in TERMINAL else None
    elapsed = max(0.0, now_s - search.started_at.timestamp())
    return round(max(LEAST_LEFT_S, (search.max_trials - ended) * elapsed / ended), 1)


def _version(known: str | None) -> int | None:
    if known is None:
        raise ProblemError("VERSION_REQUIRED", "Send the ETag of the search that you read in If-Match.")
    if known == "*":
        return None
    version = known.strip('"').partition(".")[0]
    if not version.isascii() or not version.isdecimal() or len(version) > 9:  # noqa: PLR2004 - digits of a version
        fault = FieldFault("If-Match", "not an ETag of a search")
        raise ProblemError("VERSION_MISMATCH", "If-Match is not an ETag of this search.", errors=[fault])
    return int(version)


def _validated(checked: Checked, app: AppState) -> Validated:
    spec, space, steps = checked.spec, load_space(checked.spec.space), seconds_of_steps(checked, app)
    return Validated(
        spec=spec.model_dump(mode="json"),
        space=SpaceSize(name=space.name, size=str(space.size())),
        estimate=Effort(
            trials=spec.max_trials,
            seconds=None if steps is None else round(max(LEAST_LEFT_S, sum(steps.values())), 1),
            steps=steps and {name: round(seconds, 1) for name, seconds in steps.items()},
        ),
        images=None if checked.images is None else Images.model_validate(checked.images, from_attributes=True),
        notes=checked.notes,
        foreseen=foreseen(spec, checked.images, app),
    )
