"""Suggestions: a spec that fits images, device, target and the time at hand, from measurements."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from api.http.app_state import App
from api.http.concurrency import RECORDS, SPEC
from api.http.parameters import SuggestionId
from api.http.problems import problems
from api.http.root_path import served
from api.http.security import READ, WRITE, Writer
from api.schemas.suggestion import NewSuggestion, SuggestionList, SuggestionOut, SuggestionSummary
from api.specs import check_subject
from nas.jobs.inquiries.record import Inquiry, InquiryKind
from nas.service.data_root import resolve_path

router = APIRouter(prefix="/v1", tags=["suggestions"])

TRAININGS = 12
"""What a suggestion counts as: two short trainings at each of six resolutions, at most."""


@router.post(
    "/suggestions",
    status_code=202,
    response_model=SuggestionOut,
    responses={
        202: {"description": "It is queued or under way, made now or by an earlier request for the same"},
        **problems("SPEC_INVALID", "NAME_UNKNOWN", "REQUEST_INVALID"),
    },
    dependencies=[WRITE, SPEC],
)
def create_suggestion(body: NewSuggestion, request: Request, app: App, caller: Writer) -> Response:
    """Have a worker suggest a spec: it measures random networks on the device and times trainings, a minute or two.

    A request for the same suggestion while it is queued or under way is answered with that one.
    """
    config = check_subject(body, app)

    def confirm() -> None:
        resolve_path(config, app.settings.data_root)
        app.rates.take(caller.asking(request), trials=TRAININGS)

    asked = {**body.model_dump(mode="json"), "dataset": config}
    made, _ = app.ledger.inquiries.request(InquiryKind.SUGGESTION, asked, {}, confirm=confirm)
    headers = {"location": served(f"/v1/suggestions/{made.id}")}
    return Response(_out(made).model_dump_json(), 202, headers, "application/json")


@router.get("/suggestions", dependencies=[READ, RECORDS])
def list_suggestions(app: App) -> SuggestionList:
    """The newest fifty suggestions, the newest first. Those that ended 30 days ago are removed."""
    found = app.ledger.inquiries.newest(InquiryKind.SUGGESTION)
    return SuggestionList(items=[SuggestionSummary.model_validate(each) for each in found])


@router.get("/suggestions/{suggestion_id:id}", dependencies=[READ])
def get_suggestion(suggestion_id: SuggestionId, app: App) -> SuggestionOut:
    """A suggestion, with its progress, and with its result once it has SUCCEEDED."""
    return _out(app.ledger.inquiries.get(suggestion_id))


@router.post("/suggestions/{suggestion_id}:cancel", dependencies=[WRITE], responses=problems("STATE_TRANSITION"))
def cancel_suggestion(suggestion_id: SuggestionId, app: App) -> SuggestionOut:
    """End a suggestion for good."""
    return _out(app.ledger.inquiries.cancel(suggestion_id))


def _out(found: Inquiry) -> SuggestionOut:
    return SuggestionOut(**asdict(found), request=found.spec)
