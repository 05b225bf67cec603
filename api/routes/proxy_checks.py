"""Proxy checks: whether the short training of a search's trials orders networks as the longer one does."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.http.app_state import App, AppState
from api.http.concurrency import RECORDS, SPEC
from api.http.parameters import CheckId
from api.http.problems import problems
from api.http.root_path import served
from api.http.security import READ, WRITE, Writer
from api.schemas.proxy_check import ProxyCheckEffort, ProxyCheckList, ProxyCheckOut, ProxyCheckSummary
from api.schemas.proxy_submission import NewProxyCheck
from api.specs import SPEC_FIELDS, Checked, check_spec, seconds_of_check, seconds_of_steps
from nas.jobs.inquiries.record import InquiryKind
from nas.proxy.options import CheckOptions
from nas.proxy.request import budgets
from nas.service.data_root import resolve_path

router = APIRouter(prefix="/v1", tags=["proxy checks"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": ProxyCheckEffort, "description": "The check could be made; with validate_only"},
    202: {"description": "It is queued or under way, made now or by an earlier request for the same"},
    **problems("SPEC_INVALID", "SPACE_INFEASIBLE", "NAME_UNKNOWN", "REQUEST_INVALID"),
}


@router.post(
    "/proxy-checks",
    status_code=202,
    response_model=ProxyCheckOut,
    responses=_RESPONSES,
    dependencies=[WRITE, SPEC],
)
def create_proxy_check(
    *,
    body: NewProxyCheck,
    request: Request,
    app: App,
    caller: Writer,
    validate_only: Annotated[bool, Query(description="Only say what the check would take")] = False,
) -> Response:
    """Train a few networks of a spec's space briefly and for longer, and compare the two orders.

    A request for the same check while it is queued or under way is answered with that one. Trainings that any search or
    check has done are not done again, so a check that is repeated later costs little.
    """
    given = body.model_dump(mode="json")
    checked = check_spec({name: given[name] for name in SPEC_FIELDS & given.keys()}, app)
    options = CheckOptions(**{name: given[name] for name in CheckOptions.model_fields})
    budgets(checked.spec, options)
    if validate_only:
        return Response(_effort(checked, options, app).model_dump_json(), media_type="application/json")

    def confirm() -> None:
        resolve_path(checked.spec.dataset, app.settings.data_root)
        app.rates.take(caller.asking(request), trials=options.trainings)

    spec = checked.spec.model_dump(mode="json")
    check, _ = app.ledger.inquiries.request(
        InquiryKind.PROXY_CHECK, spec, options.model_dump(mode="json"), confirm=confirm
    )
    headers = {"location": served(f"/v1/proxy-checks/{check.id}")}
    return Response(ProxyCheckOut(**asdict(check)).model_dump_json(), 202, headers, "application/json")


@router.get("/proxy-checks", dependencies=[READ, RECORDS])
def list_proxy_checks(app: App) -> ProxyCheckList:
    """The newest fifty proxy checks, the newest first. Those that ended 30 days ago are removed."""
    return ProxyCheckList(
        items=[
            ProxyCheckSummary.model_validate(check) for check in app.ledger.inquiries.newest(InquiryKind.PROXY_CHECK)
        ]
    )


@router.get("/proxy-checks/{check_id:id}", dependencies=[READ])
def get_proxy_check(check_id: CheckId, app: App) -> ProxyCheckOut:
    """A proxy check, with its progress, and with its result once it has SUCCEEDED."""
    return ProxyCheckOut(**asdict(app.ledger.inquiries.get(check_id)))


@router.post("/proxy-checks/{check_id}:cancel", dependencies=[WRITE], responses=problems("STATE_TRANSITION"))
def cancel_proxy_check(check_id: CheckId, app: App) -> ProxyCheckOut:
    """End a proxy check for good; the trainings that it has done are kept for others."""
    return ProxyCheckOut(**asdict(app.ledger.inquiries.cancel(check_id)))


def _effort(checked: Checked, options: CheckOptions, app: AppState) -> ProxyCheckEffort:
    search, check = seconds_of_steps(checked, app), seconds_of_check(checked, options, app)
    return ProxyCheckEffort(
        trainings=options.trainings,
        seconds=None if check is None else round(sum(check.values()), 1),
        search_seconds=None if search is None else round(sum(search.values()), 1),
        notes=checked.notes,
    )
