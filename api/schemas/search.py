"""Searches as responses."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import DescribedBy, ImagesNote, Json, Sent, one_of
from api.schemas.proxy_check import CorrectedOut, UncertainOut
from nas.jobs.states import TERMINAL, SearchState

ENDED = frozenset(state.value for state in TERMINAL)
State = Annotated[str, one_of(SearchState)]


class CountsOut(Sent):
    """trials: those that were asked for, by state. refused: candidates over a limit. reused: not trained again. pruned:
    stopped early.
    """

    trials: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    reused: int = 0
    pruned: int = 0

    @property
    def done(self) -> int:
        return self.succeeded + self.failed + self.pruned + self.cancelled


class Best(Sent):
    """The trial of the highest reward."""

    trial: int
    reward: float


class Progress(Sent):
    """How far one named step of a search is."""

    what: str
    done: int
    total: int


class DatasetFacts(Sent):
    name: str
    classes: list[str]
    train: int
    validation: int
    test: int
    side: int
    channels: int
    digest: str
    notes: list[ImagesNote] = Field(default_factory=list)


class SpaceSize(Sent):
    name: str
    size: Annotated[str, Field(description="an exact integer")]


class DeviceFacts(Sent):
    name: str
    runtime: str
    runtime_version: str
    precision: str
    threads: int
    cpu: str
    statistic: str


class SearchDeviceFacts(DeviceFacts):
    """metric: that which is the latency on it."""

    metric: str
    target_latency_ms: float


class ObjectiveFacts(Sent):
    """Beside these: the parameters of the objective."""

    model_config = ConfigDict(extra="allow")

    name: str
    target_latency_ms: float | None = None
    steers: bool
    formula: str
    note: str | None


class SearcherFacts(Sent):
    name: str
    note: str | None = Field(description="what the searcher says of itself, such as what `auto` chose")


class EarlierFacts(Sent):
    """An earlier search of which so many trainings are taken over. same: of the same images and recipe, so that these
    networks are not trained again; otherwise they are a hint.
    """

    id: str
    name: str
    same: bool
    trainings: int


class WarmStartFacts(Sent):
    """What a search began with; notes: what there is to say of it."""

    searches: list[EarlierFacts]
    notes: list[str]


class TeacherFacts(Sent):
    """A teacher, how right it is on the validation images, with a 95 % interval, and what follows it at which share of
    the loss.
    """

    name: str
    sha256: str
    images: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    balanced_accuracy: float
    outputs: Literal["logits", "probabilities"]
    flip: bool
    resolution: int
    notes: list[str]
    temperature: float
    weight: float
    trials: bool
    finalists: bool


class RankCheckFacts(Sent):
    """Networks scored with shared weights and trained by themselves before the first trial (docs/supernet.md)."""

    networks: int
    compared: int = Field(description="without those of which a training failed")
    epochs: int = Field(description="of the trainings")
    tau: UncertainOut | None = Field(None, description="Kendall's tau of scores and trainings")
    tau_size: UncertainOut | None = Field(None, description="of multiply-adds and trainings")
    gain: UncertainOut | None = Field(None, description="tau - tau_size")
    tau_given_size: UncertainOut | None = Field(None, description="the partial tau, given multiply-adds")
    corrected: CorrectedOut | None = Field(None, description="the same of scores corrected by kinds of blocks")
    beats_size: bool = Field(description="whether the scores that trials have tell more than multiply-adds")
    otherwise: str = Field(description="what the spec wants if not: go_on, stop or train")
    said: list[str] = Field(description="all that in words")


class EvaluatorFacts(Sent):
    """Of an evaluator that does not train the networks it scores."""

    name: str
    note: str = Field(description="what the accuracy of trials is")
    start: str = Field(description="what finalists and their training start from")
    check: RankCheckFacts | None = Field(None, description="once it is made, if the evaluator has one")


class Facts(Sent):
    """What became known of a search when it began."""

    dataset: DatasetFacts
    space: SpaceSize
    device: DeviceFacts
    devices: list[SearchDeviceFacts] | None = Field(None, description="of a search for several, the first one first")
    searcher: SearcherFacts | None = Field(None, description="null for searches from before it was kept")
    evaluator: EvaluatorFacts | None = Field(None, description="of one that does not train the networks it scores")
    objective: ObjectiveFacts
    notes: list[str] = Field([], description="what its head line says: of a target or a space that decides the outcome")
    warm_start: WarmStartFacts | None = Field(None, description="of a search that named earlier ones in its spec")
    teacher: TeacherFacts | None = Field(None, description="of a search that has one in its spec")


class Urls(Sent):
    self: str
    events: str
    trials: str
    pareto: str
    columns: str


class SearchSummary(Sent):
    """A search in a list."""

    id: str
    name: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    state: State
    state_reason: str | None = None
    state_message: str | None = None
    phase: str | None = None
    progress: Progress | None = None
    priority: int = 0
    max_trials: int
    parent_id: str | None = None
    counts: CountsOut = CountsOut()
    best: Best | None = None
    target_latency_ms: float | None = None
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    transition_at: datetime
    eta_seconds: Annotated[
        float | None, Field(description="until the search ends, with references and finalists; never 0 before that")
    ] = None
    last_seq: int = 0
    urls: Urls

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


class SearchOut(SearchSummary):
    """A search."""

    spec: Json
    facts: Annotated[Json, DescribedBy(Facts)] | None


class SearchPage(Sent):
    items: list[SearchSummary]
    next_page_token: str | None
