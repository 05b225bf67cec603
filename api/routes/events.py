"""The events of a search: as a live stream, or as a page."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT

from api.http.app_state import App, AppState
from api.http.event_stream import PING
from api.http.parameters import SearchId
from api.http.problems import FieldFault, ProblemError, problems
from api.http.security import READ, Reader
from api.routes.trials import MAX_SEQ
from api.schemas.trial import EventOut, EventPage

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[READ])

STREAM = "text/event-stream"
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "seq"},
        "event": {"type": "string", "description": "type of the event"},
        "data": {"type": "string", "description": "JSON: seq, type, at, data"},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": EventPage,
        "description": "Events, from the first that was not seen",
        "content": {STREAM: {"itemSchema": _EVENT}},
    },
    **problems("REQUEST_INVALID"),
}
FromSeq = Annotated[int | None, Query(ge=0, le=MAX_SEQ, description="Events after this one; 0 for all")]


async def _until_sent() -> AsyncIterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


UntilSent = Annotated[ExitStack, Depends(_until_sent)]
"""What a route enters into it ends when the answer has been sent, or cannot be."""


@router.get("/searches/{search_id}/events", response_model=None, responses=_RESPONSES)
async def read_events(
    *,
    search_id: SearchId,
    request: Request,
    app: App,
    caller: Reader,
    until_sent: UntilSent,
    from_seq: FromSeq = None,
    until_end: Annotated[bool, Query(description="End the stream when the search has ended and all is sent")] = False,
    page: Annotated[str, Query(alias="format", pattern="^(sse|json|)$", description="json: a page, as Accept")] = "",
    limit: Annotated[int, Query(ge=1, le=10_000, description="Events of a page")] = 1000,
    pings: Annotated[
        bool, Query(description="Pings as events of the type `ping`, which browsers show to pages, instead of comments")
    ] = False,
    last_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
) -> Response:
    """Server-sent events with all past and future events, each once and in order; `id` is its number.

    A client that was cut off continues after its last event with Last-Event-ID, as browsers do, or from_seq. With
    `Accept: application/json` it is one page of events. The types of events are in docs/rest.md.
    """
    seq = _after(last_id, from_seq)
    search = await run_in_threadpool(app.ledger.searches.get, search_id)
    if page == "json" or (not page and _wants_json(request.headers.get("accept", ""))):
        async with app.limiters["records"].turn(request):
            return await run_in_threadpool(_page, app, search_id, seq, limit)
    until_sent.enter_context(app.rates.holding("event streams", caller.asking(request)))
    allowed = partial(caller.still_allows, "read")
    stream = app.streams.stream(
        search, seq, until_end=until_end, allowed=allowed, ping=PING if pings else KEEPALIVE_COMMENT
    )
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type=STREAM, headers=headers)


def _page(app: AppState, search_id: str, seq: int, limit: int) -> Response:
    found = app.ledger.events.after(search_id, seq, limit)
    items = [EventOut.model_validate(record) for record in found]
    last = found[-1].seq if found else seq
    return Response(EventPage(items=items, last_seq=last).model_dump_json(), media_type="application/json")


def _after(last_id: str | None, from_seq: int | None) -> int:
    """The last event that the client has. A browser repeats the address, so its Last-Event-ID is the newer one."""
    if not last_id:
        return from_seq or 0
    if not last_id.isascii() or not last_id.isdecimal() or int(last_id) > MAX_SEQ:
        fault = FieldFault("Last-Event-ID", "Input should be the number of an event")
        raise ProblemError("REQUEST_INVALID", "Last-Event-ID is not the number of an event.", errors=[fault])
    return int(last_id)


def _wants_json(accept: str) -> bool:
    return "application/json" in accept and STREAM not in accept
