"""Trials: in pages, as columns, one by one; the front they make."""

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import to_json

from api.http.app_state import App
from api.http.concurrency import RECORDS
from api.http.pages import PAGE_SIZE, PageSize, PageToken, place_of, token_of
from api.http.parameters import SearchId, TrialId
from api.http.problems import FieldFault, ProblemError, problems
from api.http.security import READ
from api.routes.artifacts import artifact_out, artifact_url
from api.schemas.front import Baseline, CorrelationList, CorrelationOut, Finalist, ParetoOut, Point, Ranking, Reference
from api.schemas.trial import Attempt, ColumnsOut, TrialDetail, TrialOut, TrialPage
from nas.evaluator import PLAIN, evaluator
from nas.jobs.records import ArtifactLink, SearchRecord, TrialRecord
from nas.jobs.rows import BASELINE, RANKING
from nas.jobs.states import TrialState
from nas.jobs.trials import COLUMNS
from nas.metric import declared, directions, listed_where_present, metrics, of_devices
from nas.ops.diagram import diagram
from nas.ops.notation import read_network
from nas.pareto import hypervolume
from nas.report.correlations import ACCURACY, Correlation, correlations, in_words, known_early
from nas.report.results import LATENCY, OnDevice, on_devices, outcome
from nas.statistics.proportions import interval_of

router = APIRouter(prefix="/v1", tags=["trials"], dependencies=[READ, RECORDS])

MAX_SEQ = 2**53
MAX_DECIMALS = 22
"""Powers of ten up to this one are exact as floats."""
MEASURED = ("reward", *(name for name, metric in metrics().items() if not metric.whole))
"""Columns whose last digits are noise: without them an answer takes half the bytes."""


def known_metric(name: str) -> str:
    if declared(name) is None:
        raise ValueError(f"there is no such metric; there are: {', '.join(metrics())}")
    return name


if TYPE_CHECKING:
    ColumnName = str
    MetricName = str
else:
    ColumnName = Literal[(*COLUMNS, *listed_where_present())]
    MetricName = Annotated[
        str, AfterValidator(known_metric), WithJsonSchema({"type": "string", "examples": [*metrics()]})
    ]
MAX_METRICS = 4
"""With more, most trials are on the front."""
AfterSeq = Annotated[int, Query(ge=0, le=MAX_SEQ, description="Only what changed after this event")]


@router.get("/searches/{search_id}/trials", responses=problems("PAGE_TOKEN_INVALID"))
def list_trials(
    search_id: SearchId,
    app: App,
    page_size: PageSize = PAGE_SIZE,
    page_token: PageToken = None,
    state: Annotated[list[TrialState] | None, Query(description="Only trials in one of these")] = None,
) -> TrialPage:
    """The trials of a search by number, in pages."""
    app.ledger.searches.get(search_id)
    view = ["trials", search_id, sorted(state or ())]
    after = place_of(app.signer, page_token, view)
    found = app.ledger.trials.page(
        search_id, after=-1 if after is None else after, limit=page_size + 1, states=tuple(state or ())
    )
    shown = found[:page_size]
    return TrialPage(
        items=[TrialOut.model_validate(trial) for trial in shown],
        next_page_token=token_of(app.signer, shown[-1].number, view) if len(found) > page_size else None,
    )


@router.get("/searches/{search_id}/trials:columns", response_model=ColumnsOut)
def get_columns(
    search_id: SearchId,
    app: App,
    after_seq: AfterSeq = 0,
    column: Annotated[list[ColumnName] | None, Query(description="Only these, for a smaller answer")] = None,
) -> Response:
    """All trials as parallel lists, for charts: those that changed after an event, or all.

    Of a search for several devices, the column of latency_ms brings one for each other device: latency_ms@NAME.
    """
    names = dict.fromkeys(column or COLUMNS)
    others = [device.latency for device in _devices(app.ledger.searches.get(search_id))[1:] if LATENCY in names]
    found = app.ledger.trials.columns(search_id, after_seq, (*names, *others))
    measured = [name for name in (*MEASURED, *others) if name in found.columns]
    columns = found.columns | {name: six_digits(found.columns[name]) for name in measured}
    content = to_json({"seq": found.seq, "columns": columns})  # a third of the time that json.dumps takes
    return Response(content, media_type="application/json")


@router.get("/searches/{search_id}/pareto", response_model_exclude_unset=True, responses=problems("NAME_UNKNOWN"))
def get_pareto(
    search_id: SearchId,
    app: App,
    metric: Annotated[
        list[MetricName] | None,
        Query(min_length=1, max_length=MAX_METRICS, description="Of these, by the first; without a hypervolume"),
    ] = None,
    device: Annotated[
        str | None, Query(max_length=200, description="Of a search for several: whose latency; by default the first's")
    ] = None,
) -> ParetoOut:
    """The front of latency and accuracy, or of other metrics; with the reference networks and the finalists, once they
    are known.
    """
    search = app.ledger.searches.get(search_id)
    on = _device(search, device)
    of_front = (on.latency, "accuracy")
    names = dict.fromkeys(on.latency if name == LATENCY else name for name in metric or of_front)
    points = app.ledger.trials.front(search_id, tuple(names))
    results = app.ledger.trials.results(search_id)
    ranking, baseline = results.get(RANKING), results.get(BASELINE)
    rows = {name: results.get(name) or [] for name in ("references", "finalists")}
    targets_ms = _targets_ms(search) if device is None else {on.latency: on.target_ms}
    shown = outcome({"dataset": {}, **(search.facts or {}), **rows}, targets_ms)
    reference_ms = None if metric else _reference_ms(on, points)
    front = [[point.metrics[name] for name in of_front] for point in points] if reference_ms else []
    area = hypervolume(front, (reference_ms or 0.0, 0.0), directions(of_front))
    return ParetoOut(
        search_id=search_id,
        seq=search.last_seq,
        device=on.name,
        metrics=list(names),
        target_latency_ms=on.target_ms,
        reference_ms=reference_ms,
        hypervolume=area / reference_ms if reference_ms else None,
        points=[Point.model_validate(point) for point in points],
        ranking=ranking and Ranking.model_validate(ranking),
        baseline=baseline and Baseline.model_validate(baseline),
        references=[Reference.model_validate(row) for row in shown["references"]],
        finalists=_finalists(shown["finalists"], app.ledger.artifacts.links(search_id)),
    )


@router.get("/searches/{search_id}/correlations")
def get_correlations(search_id: SearchId, app: App) -> CorrelationList:
    """How well sizes and zero-cost scores, which are known before training, order the trials by their accuracy."""
    names = (ACCURACY, *(metric.name for metric in known_early()))
    columns = app.ledger.trials.columns(search_id, names=("state", *names)).columns
    rows = zip(columns.pop("state"), *(columns[name] for name in names), strict=True)
    trained = [dict(zip(names, values, strict=True)) for state, *values in rows if state == TrialState.SUCCEEDED]
    return CorrelationList(items=[_correlation_out(each) for each in correlations(trained)])


@router.get("/trials/{trial_id:id}")
def get_trial(trial_id: TrialId, app: App) -> TrialDetail:
    """A trial with its diagram, its curve of training, its attempts and its artifacts.

    Its metrics have the 95 % interval of an accuracy that is a share of the validation images, as accuracy_low and
    accuracy_high.
    """
    trials = app.ledger.trials
    trial = trials.get(trial_id)
    shown = TrialOut.model_validate(trial).model_dump()
    shown["metrics"] |= _interval(trial, app.ledger.searches.get(trial.search_id))
    attempts = [Attempt.model_validate(attempt) for attempt in trials.attempts(trial_id)]
    links = app.ledger.artifacts.links(trial.search_id, trial.number)
    return TrialDetail(
        **shown,
        diagram=diagram(read_network(trial.notation)),
        curve=trials.curve(trial_id),
        attempt_list=attempts,
        artifacts=[artifact_out(link) for link in links],
    )


def _interval(trial: TrialRecord, search: SearchRecord) -> dict[str, float]:
    """That of the trial's accuracy; empty where images are not counted, or how many there are is not known yet."""
    by = search.spec["evaluator"]
    counts = by["name"] in evaluator and evaluator[by["name"]].trains and by.get(ACCURACY, PLAIN) == PLAIN
    images = (search.facts or {}).get("dataset", {})
    return interval_of(trial.metrics, ACCURACY, images.get("validation")) if counts else {}


def _correlation_out(each: Correlation) -> CorrelationOut:
    found = each.found
    return CorrelationOut(
        metric=each.metric,
        tau=found.tau,
        low=found.low,
        high=found.high,
        n=found.n,
        given_macs=each.given_macs,
        text=in_words(each),
    )


def _devices(search: SearchRecord) -> list[OnDevice]:
    """The devices of the search; their targets are known once it has begun."""
    if search.facts and "devices" in search.facts:
        return on_devices(search.facts)
    names = tuple(search.spec.get("devices") or [search.spec.get("device", "")])
    (first, latency), *others = of_devices(LATENCY, names).items()
    return [OnDevice(first, latency, search.target_latency_ms), *(OnDevice(*other, None) for other in others)]


def _targets_ms(search: SearchRecord) -> dict[str, float | None]:
    return {device.latency: device.target_ms for device in _devices(search)}


def _device(search: SearchRecord, name: str | None) -> OnDevice:
    """The device of this name, or the first. ProblemError if the search has none of this name."""
    devices = _devices(search)
    found = devices[0] if name is None else next((device for device in devices if device.name == name), None)
    if found is None:
        said = f"The search has no device {name!r}; it has {', '.join(device.name for device in devices)}."
        raise ProblemError("NAME_UNKNOWN", said, errors=[FieldFault("device", said)])
    return found


def _reference_ms(device: OnDevice, points: list[TrialRecord]) -> float | None:
    """Beyond this latency the front gains nothing."""
    if not points:
        return None
    return 2 * device.target_ms if device.target_ms else max(point.metrics[device.latency] for point in points)


def _finalists(rows: list[dict[str, Any]], links: list[ArtifactLink]) -> list[Finalist]:
    """The finalists, each with where its files are: the .onnx by itself, and all of them in `files`."""
    digests = {(link.trial, link.file): link.sha256 for link in links}

    def place(trial: int, file: str) -> dict[str, Any]:
        digest = digests.get((trial, file))
        return {"sha256": digest, "url": artifact_url(digest, file) if digest else None}

    def files(row: dict[str, Any]) -> list[dict[str, Any]]:
        known = row.get("files", [{"format": "onnx", "file": row["file"]}])  # of a search from before there were others
        return [{**file, **place(row["trial"], file["file"])} for file in known]

    return [Finalist.model_validate({**row, **place(row["trial"], row["file"]), "files": files(row)}) for row in rows]


def six_digits(values: Sequence[float | None]) -> list[float | None]:
    """Rounded to six significant digits, to whole numbers from a million upwards, to 22 decimals at most.

    Twenty thousand take a tenth of the time that formatting each would take.
    """
    exact = np.array(values, dtype=float)
    with np.errstate(divide="ignore"):
        decimals = np.clip(5 - np.floor(np.log10(np.abs(exact))), 0, MAX_DECIMALS)
    scale = 10.0**decimals
    return [None if isnan(value) else value for value in (np.round(exact * scale) / scale).tolist()]
