"""What the service tells, as frozen values. Fields that a newer service adds are ignored."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.client.cards import card, front_drawing
from api.client.frames import frame

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class Value(BaseModel):
    """Root of what a client returns."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Counts(Value):
    """Trials of a search by what became of them."""

    trials: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    reused: int = 0

    @property
    def done(self) -> int:
        return self.succeeded + self.failed + self.cancelled


class Best(Value):
    """The trial of the highest reward."""

    trial: int
    reward: float


class Progress(Value):
    """How far one named step of a search is."""

    what: str
    done: int
    total: int


class SearchValue(Value):
    """A search as it was when it was asked for. spec and facts are None in a list."""

    id: str
    name: str | None = None
    labels: dict[str, str] = {}
    state: str
    state_reason: str | None = None
    state_message: str | None = None
    phase: str | None = None
    progress: Progress | None = None
    priority: int = 0
    max_trials: int
    parent_id: str | None = None
    spec: dict[str, Any] | None = None
    facts: dict[str, Any] | None = None
    counts: Counts = Counts()
    best: Best | None = None
    target_latency_ms: float | None = None
    eta_seconds: float | None = None
    last_seq: int = 0
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    transition_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED

    def _repr_html_(self) -> str:
        rows = {
            "id": self.id,
            "state": self.state if self.phase is None else f"{self.state} ({self.phase})",
            "because": self.state_message or self.state_reason,
            "trials": f"{self.counts.done} of {self.max_trials}",
            "best": None if self.best is None else f"reward {self.best.reward:.4f} (trial {self.best.trial})",
            "target": None if self.target_latency_ms is None else f"{self.target_latency_ms:.4g} ms",
            "left": None if self.eta_seconds is None else f"about {self.eta_seconds:.0f} s",
        }
        return card(self.name or self.id, rows)


class Trial(Value):
    """One candidate evaluated. diagram, curve, attempt_list and artifacts come with a single trial only."""

    id: str
    search_id: str
    number: int
    state: str
    architecture_id: str
    notation: str
    choices: dict[str, Any] = {}
    architecture: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    reward: float | None = None
    reason: str | None = None
    reused: bool = False
    on_front: bool = False
    attempts: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    diagram: dict[str, Any] | None = None
    curve: list[dict[str, Any]] | None = None
    attempt_list: list[dict[str, Any]] | None = None
    artifacts: list[dict[str, Any]] | None = None

    def _repr_html_(self) -> str:
        rows: dict[str, object] = {
            "architecture": self.architecture_id,
            "state": self.state if self.reason is None else f"{self.state}: {self.reason}",
            "reward": self.reward,
            **self.metrics,
            "network": self.notation,
        }
        return card(f"Trial {self.number}", rows)


class Point(Value):
    """A trial on the Pareto front."""

    number: int
    id: str
    architecture_id: str
    notation: str
    metrics: dict[str, Any]
    reward: float | None = None


class Reference(Value):
    """A hand-designed network, trained and measured as the trials were."""

    label: str
    notation: str
    metrics: dict[str, Any]


class ModelFile(Value):
    """A finalist in one format, as it is in the runtime: max_abs_difference is that of a score to ONNX Runtime's, or
    to torch's for the .onnx itself.
    """

    format: str
    file: str
    runtime: str | None = None
    runtime_version: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    test_accuracy: float | None = None
    max_abs_difference: float | None = None
    url: str | None = None


class Finalist(Value):
    """A trial that was trained for longer, exported and tested.

    file, sha256 and url are of the .onnx. files: that, and the file of the runtime it was searched for, if it has one
    of its own. note: why that is lacking, and what to do.
    """

    trial: int
    id: str
    file: str | None = None
    sha256: str | None = None
    notation: str
    metrics: dict[str, Any]
    url: str | None = None
    files: tuple[ModelFile, ...] = ()
    note: str | None = None


class Pareto(Value):
    """The trials that no other trial beats in both accuracy and latency, and what they are compared with."""

    search_id: str
    seq: int
    target_latency_ms: float | None = None
    reference_ms: float | None = None
    hypervolume: float | None = None
    points: tuple[Point, ...] = ()
    references: tuple[Reference, ...] = ()
    finalists: tuple[Finalist, ...] = ()

    def to_pandas(self) -> Any:
        """The front as a pandas.DataFrame, one row a point."""
        return frame([{**p.model_dump(exclude={"metrics"}), **p.metrics} for p in self.points])

    def _repr_html_(self) -> str:
        measured = [p.metrics for p in self.points if {"latency_ms", "accuracy"} <= p.metrics.keys()]
        places = [(float(m["latency_ms"]), float(m["accuracy"])) for m in measured]
        rows = {
            "search": self.search_id,
            "points": len(self.points),
            "target": None if self.target_latency_ms is None else f"{self.target_latency_ms:.4g} ms",
            "finalists": ", ".join(f.file or f.id for f in self.finalists) or None,
        }
        return card("Pareto front", rows, front_drawing(places, self.target_latency_ms))


class Event(Value):
    """Something that happened in a search; seq counts from 1 without a gap."""

    seq: int
    type: str
    at: datetime
    data: dict[str, Any]

    @property
    def ends(self) -> bool:
        """Whether the search has ended with it."""
        return self.type == "search.state" and self.data.get("state") in ENDED


class Artifact(Value):
    """A file that a search made; its name is its digest."""

    sha256: str
    file: str
    kind: str
    size_bytes: int
    media_type: str | None = None
    trial: int | None = None


class Export(Value):
    """A trial on its way to a file."""

    id: str
    trial_id: str
    format: str
    state: str
    epochs: int | None = None
    reason: str | None = None
    artifact_sha256: str | None = None
    file: str | None = None
    metrics: dict[str, Any] = {}

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def sha256(self) -> str | None:
        return self.artifact_sha256


class Estimate(Value):
    """The latency that is predicted for a network, and how it was found.

    Nine networks in ten lie between low_ms and high_ms. measured, interpolated and learned: shares of what it rests on.
    """

    device: str
    ms: float
    low_ms: float | None = None
    high_ms: float | None = None
    error_ms: float | None = None
    source: str
    measured: float
    interpolated: float
    learned: float
    kernels: int
    suspect: int
