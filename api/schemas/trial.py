"""Trials, logs and exports as responses."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from api.schemas.common import DescribedBy, Json, Metrics, Sent, one_of
from api.schemas.compression import CompressionReport, NewCompression
from api.schemas.search import ENDED
from api.schemas.space import Diagram
from nas.jobs.states import AttemptState, ExportState, TrialState


class TrialOut(Sent):
    """One candidate, evaluated or on its way."""

    id: str
    search_id: str
    number: int
    state: Annotated[str, one_of(TrialState)]
    architecture_id: str
    notation: str
    choices: Json = Field(default_factory=dict)
    architecture: Json = Field(default_factory=dict)
    metrics: Metrics = Field(default_factory=dict)
    reward: float | None = None
    reason: str | None = None
    reused: bool = False
    on_front: bool = False
    attempts: int = 0
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None


class TrialPage(Sent):
    items: list[TrialOut]
    next_page_token: str | None


class Attempt(Sent):
    attempt: int
    worker: str
    state: Annotated[str, one_of(AttemptState)]
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


Epoch = Annotated[
    Json,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"epoch": {"type": "integer"}},
            "required": ["epoch"],
            "additionalProperties": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        }
    ),
]
"""The metrics after an epoch of training."""


class TrialDetail(TrialOut):
    """diagram: nodes and edges of the network. curve: metrics by epoch, of the last attempt."""

    diagram: Annotated[Json, DescribedBy(Diagram)]
    curve: list[Epoch]
    attempt_list: list[Attempt]
    artifacts: list[ArtifactOut]


class ColumnsOut(Sent):
    """Trials as parallel lists. Times are seconds since 1970; rewards, and metrics that are not whole numbers, have six
    digits.

    seq: ask for `after_seq` this next time.
    """

    seq: int
    columns: dict[str, list[Any]]


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
    """Something that happened in a search; seq counts from 1 without a gap."""

    seq: int
    type: str
    at: datetime
    data: Json

    @property
    def ends(self) -> bool:
        """Whether the search has ended with it."""
        return self.type == "search.state" and self.data.get("state") in ENDED


class EventPage(Sent):
    items: list[EventOut]
    last_seq: int


class ExportFile(Sent):
    """kind: that of the artifact: a model's format, naz for a compressed file, unpacked for the .onnx that it unpacks
    to.
    """

    kind: str
    file: str
    sha256: str
    size_bytes: int | None = None
    url: str | None = None


class ExportOut(Sent):
    """A trial on its way to a file.

    compression: as it was asked for. report: what it has come to. files: the export's own file, and that which a
    compressed file unpacks to.
    """

    id: str
    trial_id: str
    format: str
    epochs: int | None = None
    input: str | None = None
    state: Annotated[str, one_of(ExportState)]
    reason: str | None = None
    artifact_sha256: str | None = None
    file: str | None = None
    metrics: Metrics = Field(default_factory=dict)
    created_at: datetime
    ended_at: datetime | None = None
    url: str | None = None
    compression: Annotated[Json, DescribedBy(NewCompression)] | None = None
    report: Annotated[Json, DescribedBy(CompressionReport)] | None = None
    files: list[ExportFile] = Field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def sha256(self) -> str | None:
        return self.artifact_sha256


class ExportList(Sent):
    items: list[ExportOut]
