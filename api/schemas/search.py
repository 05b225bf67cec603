"""Searches as requests and responses."""

import time
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictInt, model_validator
from pydantic.config import JsonDict

from api.schemas.common import Json, Labels, Received, Sent, Text
from nas.jobs.records import SearchRecord
from nas.jobs.states import TERMINAL, SearchState
from nas.spec import SearchSpec

Priority = Annotated[StrictInt, Field(ge=-100, le=100, description="higher first")]
MaxTrials = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
State = Literal["QUEUED", "RUNNING", "PAUSING", "PAUSED", "CANCELLING", "CANCELLED", "SUCCEEDED", "FAILED"]
Order = Literal["-created_at", "created_at", "-priority"]

EXAMPLE: JsonDict = {
    "name": "first",
    "dataset": "fashion_mnist_mini",
    "objective": {"name": "constrained", "target_latency_ms": 0.15},
    "max_trials": 16,
}


class NewSearch(SearchSpec):
    """What `nas run` reads, as JSON, with a name, labels and a priority."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Annotated[Text | None, Field(description="by default: data set and space")] = None
    labels: Annotated[Labels, Field(default_factory=dict, description="yours, to find it by")]
    priority: Priority = 0


class Fork(Received):
    """The fields to change in the spec of the parent, and the fork's own name, labels and priority."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"seed": 1}]})

    name: Annotated[Text | None, Field(description="by default: that of the parent, and (fork)")] = None
    labels: Labels | None = None
    priority: Priority | None = None


class SearchPatch(Received):
    """What may be changed; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "examples": [{"priority": 5}]})

    name: Text = ""
    labels: Annotated[Labels, Field(default_factory=dict)]
    max_trials: MaxTrials = 1
    priority: Priority = 0

    @model_validator(mode="after")
    def _some(self) -> "SearchPatch":
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self


class CountsOut(Sent):
    trials: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    refused: int
    reused: int


class Best(Sent):
    trial: int
    reward: float


class Urls(Sent):
    self: str
    events: str
    trials: str
    pareto: str
    columns: str


class SearchSummary(Sent):
    """A search in a list."""

    id: str
    name: str
    labels: dict[str, str]
    state: State
    state_reason: str | None
    state_message: str | None
    phase: str | None
    progress: Json | None
    priority: int
    max_trials: int
    parent_id: str | None
    counts: CountsOut
    best: Best | None
    target_latency_ms: float | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    transition_at: datetime
    eta_seconds: Annotated[float | None, Field(description="until the last trial, from the rate of those that ended")]
    last_seq: int
    urls: Urls

    @classmethod
    def of(cls, search: SearchRecord) -> "SearchSummary":
        return cls(**_values(search))


class SearchOut(SearchSummary):
    """A search."""

    spec: Json
    facts: Json | None

    @classmethod
    def of(cls, search: SearchRecord) -> "SearchOut":
        return cls(**_values(search), spec=search.spec, facts=search.facts)


class SearchPage(Sent):
    items: list[SearchSummary]
    next_page_token: str | None


class SpaceSize(Sent):
    name: str
    size: Annotated[str, Field(description="an exact integer")]


class Trials(Sent):
    trials: int


class Validated(Sent):
    """What POST /v1/searches?validate_only=true answers when the search could be created."""

    valid: Literal[True] = True
    spec: Json
    space: SpaceSize
    estimate: Trials


_PLAIN = SearchSummary.model_fields.keys() - {"state", "counts", "best", "eta_seconds", "urls"}


def _values(search: SearchRecord) -> dict[str, Any]:
    url = f"/v1/searches/{search.id}"
    best = None
    if search.best_trial is not None and search.best_reward is not None:
        best = Best(trial=search.best_trial, reward=search.best_reward)
    return {name: getattr(search, name) for name in _PLAIN} | {
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
    """Time until the last trial ends at the rate so far; None when nothing has ended or nothing runs."""
    ended = search.counts.succeeded + search.counts.failed
    if search.state is not SearchState.RUNNING or not ended or search.started_at is None:
        return 0.0 if search.state in TERMINAL else None
    elapsed = max(0.0, now_s - search.started_at.timestamp())
    return round(max(0, search.max_trials - ended) * elapsed / ended, 1)
