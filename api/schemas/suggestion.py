"""Suggestions: a spec that fits images, device, target and the time at hand (docs/spaces.md)."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas.common import DescribedBy, Json, Received, Sent, Stored
from api.schemas.inquiry import InquirySummary


class NewSuggestion(Received):
    """What the search is for, and how long it may take."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"dataset": "fashion_mnist_mini", "target_latency_ms": 0.15, "hours": 1.0}]}
    )

    dataset: Annotated[str | Json, Field(description="as in a spec: a name, or a name with its parameters")]
    device: Annotated[str, Field(description="where latency counts, as in a spec")] = "local-cpu-1t"
    target_latency_ms: Annotated[
        float | None, Field(gt=0, description="latency to keep, in ms; null: the median of the space")
    ] = None
    hours: Annotated[float, Field(gt=0, le=10_000, description="time at hand for the whole search")] = 1.0
    seed: Annotated[int, Field(ge=0, strict=True, description="of the search")] = 0


class SpeedOut(Stored):
    """Seconds that an image takes in a training, and when it is scored. reestimated: training images, at most, that
    each scoring reads.
    """

    train_s: float
    score_s: float
    reestimated: int


class OfferOut(Stored):
    """A space at one resolution. within_target: share of random networks that meet the target; latency_ms, macs: the
    least and the most of them. typical, largest: speeds of the middle and of the slowest network within the target;
    epoch_s: of the latter, on all images. final_epochs: of finalists, that fit into the time; wanted_epochs: that they
    should have. chosen: whether the spec has it.
    """

    space: str
    resolution: int
    within_target: float
    latency_ms: list[float]
    macs: list[int]
    typical: SpeedOut
    largest: SpeedOut
    epoch_s: float
    final_epochs: int
    wanted_epochs: int
    chosen: bool


class SuggestionResult(Stored):
    """spec: as POST /v1/searches takes it. steps: seconds of the phases of its search; seconds: of all of them."""

    spec: Json
    offers: list[OfferOut]
    notes: list[str]
    steps: dict[str, float]
    seconds: float


class SuggestionSummary(InquirySummary):
    """A suggestion, without its request and result."""


class SuggestionOut(SuggestionSummary):
    """A suggestion. request: with all its fields. result: once it has SUCCEEDED."""

    request: Annotated[Json, DescribedBy(NewSuggestion)]
    result: Annotated[Json, DescribedBy(SuggestionResult)] | None = None


class SuggestionList(Sent):
    items: list[SuggestionSummary]
