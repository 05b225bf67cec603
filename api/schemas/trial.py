"""Trials, fronts, logs and exports as responses."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictInt

from api.schemas.common import Json, Metrics, Received, Sent

TrialStateName = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
ColumnName = Literal[
    "number", "state", "architecture_id", "accuracy", "latency_ms", "params", "macs", "size_bytes", "reward",
    "on_front", "reused", "started_at", "ended_at",
]  # fmt: skip


class TrialOut(Sent):
    id: str
    search_id: str
    number: int
    state: TrialStateName
    architecture_id: str
    notation: str
    choices: Json
    architecture: Json
    metrics: Metrics
    reward: float | None
    reason: str | None
    reused: bool
    on_front: bool
    attempts: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TrialPage(Sent):
    items: list[TrialOut]
    next_page_token: str | None


class Attempt(Sent):
    attempt: int
    worker: str
    state: Literal["RUNNING", "SUCCEEDED", "FAILED", "LOST", "CANCELLED"]
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


class ArtifactOut(Sent):
    """kind: a model's format, such as onnx; report, pareto or trials. url: where it is read.

    trial: the number, null for the search's own.
    """

    trial: int | None
    kind: str
    file: str
    sha256: str
    size_bytes: int
    media_type: str
    url: str


class ArtifactList(Sent):
    items: list[ArtifactOut]


class TrialDetail(TrialOut):
    """diagram: nodes and edges of the network. curve: metrics by epoch, of the last attempt."""

    diagram: Json
    curve: list[dict[str, Any]]
    attempt_list: list[Attempt]
    artifacts: list[ArtifactOut]


class ColumnsOut(Sent):
    """Trials as parallel lists. Times are seconds since 1970; accuracy, latency and reward have six digits.

    seq: ask for `after_seq` this next time.
    """

    seq: int
    columns: dict[str, list[Any]]


class Point(Sent):
    number: int
    id: str
    architecture_id: str
    notation: str
    metrics: Metrics
    reward: float | None


class ParetoOut(Sent):
    """The front of latency and accuracy, by rising latency; null as hypervolume while it is empty.

    hypervolume: the area that the front dominates, up to reference_ms and down to an accuracy of 0, as a fraction of
    the whole; reference_ms is twice the target, or the slowest point where there is no target.
    """

    search_id: str
    seq: int
    target_latency_ms: float | None
    reference_ms: float | None
    hypervolume: float | None
    points: list[Point]
    references: list[Json]
    finalists: list[Json]


class LogLine(Sent):
    n: int
    at: datetime
    trial: int | None
    text: str


class LogPage(Sent):
    """next: ask for `after` this next time."""

    items: list[LogLine]
    next: int


class EventOut(Sent):
    seq: int
    type: str
    at: datetime
    data: Json


class EventPage(Sent):
    items: list[EventOut]
    last_seq: int


def _known_format(name: str) -> str:
    from latency_db.devices.formats import formats  # noqa: PLC0415 - the API starts without numpy

    if name not in formats():
        raise ValueError(f"there is no format {name!r}, only {', '.join(formats())}")
    return name


class NewExport(Received):
    """epochs: how long the network is trained for it; null: as long as the finalists are.

    format: onnx, or that of a runtime: tflite, pte or ncnn, whose packages must be installed where trials are trained.
    """

    format: Annotated[str, AfterValidator(_known_format)] = "onnx"
    epochs: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None


class ExportOut(Sent):
    id: str
    trial_id: str
    format: str
    epochs: int | None
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED"]
    reason: str | None
    artifact_sha256: str | None
    file: str | None
    metrics: Metrics
    created_at: datetime
    ended_at: datetime | None
    url: str | None
