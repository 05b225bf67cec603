"""Trials, fronts, logs and exports as responses."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from api.schemas.common import DescribedBy, Json, Metrics, Numbers, Sent, Stored, one_of
from api.schemas.compression import CompressionReport, NewCompression
from api.schemas.search import ENDED
from api.schemas.space import Diagram
from nas.jobs.states import AttemptState, ExportState, TrialState
from nas.proportions import Verdict
from nas.winner.method import Method


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


class Point(Sent):
    """A trial on the front."""

    number: int
    id: str
    architecture_id: str
    notation: str
    metrics: Metrics
    reward: float | None = None


class Reference(Stored):
    """A hand-designed network, trained, tested and measured as the finalists.

    metrics: those of a finalist. verdict: whether the best finalist's test accuracy is better or worse than this one;
    unclear where the 95 % intervals of the two overlap, null where one of them was not tested.
    """

    label: str
    notation: str
    metrics: Numbers
    verdict: Annotated[str, one_of(Verdict)] | None = None


class ModelFile(Stored):
    """A finalist in one format, as it is in that runtime.

    max_abs_difference: of a score to that in ONNX Runtime; for the .onnx itself, to that in torch. unpacks_to: of a
    compressed file (naz), the .onnx that `nas unpack` makes of it.
    """

    format: str
    file: str
    unpacks_to: str | None = None
    runtime: str | None = None
    runtime_version: str | None = None
    test_accuracy: float | None = None
    test_accuracy_low: float | None = None
    test_accuracy_high: float | None = None
    max_abs_difference: float | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    url: str | None = None


class ByClass(Stored):
    """How right a finalist's file is on one split, class by class.

    recall: the share of each class's images that are found to be of it, null for a class without images; in the order
    of classes, as the rows (classes of the images) and columns (classes found) of confusion. majority_rate: the
    accuracy of always answering majority_class. in_train: images that also lie in train, pixel for pixel. note: where
    the accuracy is hardly above the majority rate.
    """

    images: int
    accuracy: float
    balanced_accuracy: float
    majority_rate: float
    majority_class: str
    classes: list[str]
    recall: list[float | None]
    confusion: list[list[int]]
    in_train: int
    accuracy_without_train: float | None
    note: str | None = None


class Finalist(Stored):
    """A trial that was trained for longer, exported and tested.

    file, sha256 and url are of the .onnx. files: that, and the file of the runtime that the search was for, if it has a
    format of its own. note: why that file is missing, and what to do. latency_note: why the measured latency is more
    than 20 % from its estimate, if it is. best: the first of them, within the target if any is, and then of the best
    validation accuracy. metrics: among them test_accuracy, of the exported file, and validation_accuracy, each with its
    95 % interval (Wilson) as test_accuracy_low, test_accuracy_high and so on. by_class: by split. ranked_by: the metric
    that orders finalists, null for validation_accuracy.
    """

    trial: int
    id: str
    best: bool = False
    file: str | None = None
    notation: str
    diagram: Annotated[Json, DescribedBy(Diagram)] | None = None
    metrics: Numbers
    files: list[ModelFile] = Field(default_factory=list)
    note: str | None = None
    latency_note: str | None = None
    ranked_by: str | None = None
    by_class: dict[str, ByClass] | None = None
    sha256: str | None = None
    url: str | None = None


class Standing(Stored):
    """What is known of one network, after `trainings` of it.

    observed: the accuracy of its trial; average: over all its trainings. mean: the posterior mean of its accuracy over
    seeds, with its 95 % interval, which is null where nothing is known of the noise. reward: of the objective, with the
    mean as the accuracy.
    """

    trial: int
    observed: float
    average: float
    trainings: int
    mean: float
    mean_low: float | None = None
    mean_high: float | None = None
    reward: float


class Ranking(Stored):
    """How the finalists were chosen: networks by the reward of their posterior mean, not by the luckiest score.

    explanation: where the means come from, in words. noise: the standard deviation of one training's accuracy, if
    anything is known of it. standings: the best, and all that were trained again.
    """

    method: Annotated[str, one_of(Method)]
    explanation: str
    noise: float | None = None
    standings: list[Standing]


class Difference(Stored):
    """A figure of both arms. difference: the search's less the baseline's, with its 95 % interval of low and high."""

    figure: str
    searcher: float
    baseline: float
    difference: float
    low: float | None = None
    high: float | None = None


class BaselineColumns(Stored):
    """The baseline's trials that have succeeded, as parallel lists."""

    number: list[int]
    latency_ms: list[float]
    accuracy: list[float]
    reward: list[float]


class Baseline(Stored):
    """What random draws at equal cost have found, beside the search. explanation: what is compared, and what the
    intervals cover. reused: trials whose networks were trained before; refused: candidates over a limit.
    """

    searcher: str
    explanation: str
    trials: int
    reused: int
    refused: int
    columns: BaselineColumns
    comparison: list[Difference]


class ParetoOut(Sent):
    """The front of latency and accuracy, by rising latency; or of the metrics that were asked for, by the first one.

    hypervolume: the area that the front dominates, up to reference_ms and down to an accuracy of 0, as a fraction of
    the whole; null while the front is empty, and for other metrics. reference_ms is twice the target, or the slowest
    point where there is no target. ranking: null before all trials and their repeats have ended. finalists: best first.
    baseline: null of a search without one, and before it has ended.
    Of a search for several devices: device is that of the front, of which finalists are best first, and metrics names
    those of the front.
    """

    search_id: str
    seq: int
    device: str | None = None
    metrics: list[str] | None = None
    target_latency_ms: float | None = None
    reference_ms: float | None = None
    hypervolume: float | None = None
    points: list[Point] = Field(default_factory=list)
    ranking: Ranking | None = None
    baseline: Baseline | None = None
    references: list[Reference] = Field(default_factory=list)
    finalists: list[Finalist] = Field(default_factory=list)


class CorrelationOut(Sent):
    """Kendall's tau-b of a metric that is known before training with the accuracy, and its 95 % interval.

    n: number of succeeded trials that have both. given_macs: the partial tau, beside what both owe to the
    multiply-adds; null for these.
    """

    metric: str
    tau: float
    low: float
    high: float
    n: int
    given_macs: float | None = None


class CorrelationList(Sent):
    """One for each size and zero-cost score that enough trials have and that varies among them."""

    items: list[CorrelationOut] = Field(default_factory=list)


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
