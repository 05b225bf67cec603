"""Log lines of searches and their trials."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.app_state import App
from api.http.concurrency import RECORDS
from api.http.parameters import SearchId, TrialId
from api.http.security import READ
from api.routes.trials import MAX_SEQ
from api.schemas.trial import LogLine, LogPage
from nas.jobs.records import LogRecord

router = APIRouter(prefix="/v1", tags=["logs"], dependencies=[READ, RECORDS])

After = Annotated[int, Query(ge=0, le=MAX_SEQ, description="Lines after this one; `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/searches/{search_id}/logs")
def read_search_log(search_id: SearchId, app: App, after: After = 0, limit: Limit = 1000) -> LogPage:
    """The lines of a search and of its trials, oldest first."""
    app.ledger.searches.get(search_id)
    return _page(app.ledger.trials.search_log(search_id, after, limit), after)


@router.get("/trials/{trial_id}/logs")
def read_trial_log(trial_id: TrialId, app: App, after: After = 0, limit: Limit = 1000) -> LogPage:
    """The lines of one trial, oldest first."""
    app.ledger.trials.get(trial_id)
    return _page(app.ledger.trials.log(trial_id, after, limit), after)


def _page(lines: list[LogRecord], after: int) -> LogPage:
    return LogPage(items=[LogLine.model_validate(line) for line in lines], next=lines[-1].n if lines else after)
