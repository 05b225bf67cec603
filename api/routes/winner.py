"""The winner of a search for another target or on another device: answered from what is trained."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.app_state import App
from api.http.concurrency import ESTIMATE
from api.http.parameters import SearchId
from api.http.problems import problems
from api.http.security import READ
from api.schemas.winner import WinnerOut
from nas.jobs.records import SearchRecord
from nas.retargeting.answer import answer
from nas.sql.ids import trial_id

router = APIRouter(prefix="/v1", tags=["trials"], dependencies=[READ, ESTIMATE])

WRONG = problems("NOT_MEASURED", "NAME_UNKNOWN", "SPEC_INVALID", "DEVICES_UNAVAILABLE")


@router.get("/searches/{search_id}/winner", responses=WRONG)
def get_winner(
    search_id: SearchId,
    app: App,
    target_latency_ms: Annotated[
        float | None, Query(ge=1e-6, le=1e6, description="By default that of the search on the device")
    ] = None,
    device: Annotated[str | None, Query(max_length=200, description="By default the first of the search")] = None,
) -> WinnerOut:
    """The best of the trained networks for a target on a device: by the objective and the limits of the search, with
    that target. Latencies on a device that is not one of the search's are estimated from its records.
    """
    search = app.ledger.searches.get(search_id)
    trained = app.trained.of(search)
    if trained is None:
        return WinnerOut(
            search_id=search_id,
            seq=search.last_seq,
            device=device or _first_device(search),
            target_latency_ms=target_latency_ms or search.target_latency_ms,
            notes=["no trial has succeeded yet"],
        )
    name = device or trained.devices[0].name
    estimates = None if trained.device(name) else app.latency.latencies(name, trained.space, trained.codes)
    shown = answer(trained, name, target_latency_ms or trained.target_ms(name), estimates).describe()
    if shown["winner"]:
        trial = app.ledger.trials.get(trial_id(search_id, shown["winner"]["trial"]))
        shown["winner"] |= {field: getattr(trial, field) for field in ("id", "architecture_id", "notation")}
    return WinnerOut.model_validate({"search_id": search_id, "seq": search.last_seq, **shown})


def _first_device(search: SearchRecord) -> str:
    several = search.spec.get("devices") or [search.spec["device"]]
    return str(several[0])
