"""The records of the ledger. They are values: changing one does not change the database. Times are aware, in UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nas.jobs.states import WAITING, AttemptState, ExportState, SearchState, TrialState

Json = dict[str, Any]
"""A JSON object; the order of its keys is kept."""

LEAST_LEFT_S = 1.0
"""The least time that is said to be left of a search that has not ended."""

RANKS = ("read", "write", "admin")
AGENT = "agent"
"""The scope of a device's agent: it may send measurements, and read nothing else."""

SCOPES = (*RANKS, AGENT)
"""Scopes of API keys; of RANKS, each includes those before it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of trials: all, and by state. refused: candidates over a limit. reused: trials not trained here."""

    trials: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    reused: int = 0
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """priority: higher first. version: rises when name, labels, priority, max_trials, state, facts or deletion
    change, not with progress. last_seq: of the last event; rises with every change. left: what left_s reads.
    """

    id: str
    name: str
    labels: dict[str, str]
    spec: Json
    state: SearchState
    state_reason: str | None
    state_message: str | None
    phase: str | None
    progress: Json | None
    priority: int
    max_trials: int
    parent_id: str | None
    counts: Counts
    best_trial: int | None
    best_reward: float | None
    target_latency_ms: float | None
    facts: Json | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    transition_at: datetime
    version: int
    last_seq: int
    deleted_at: datetime | None
    left: Json | None = None

    def left_s(self, now_s: float) -> float | None:
        """Seconds until the search ends, as its dispatcher has last told; now_s: in seconds since 1970."""
        if self.left is None or self.state is not SearchState.RUNNING or self.phase == WAITING:
            return None
        return float(max(LEAST_LEFT_S, self.left["left_s"] - max(0.0, now_s - self.left["at_s"])))


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """seq: the event that changed it last. on_front: of the metrics nas.metric.FRONT."""

    id: str
    search_id: str
    number: int
    state: TrialState
    architecture_id: str
    notation: str
    choices: Json
    architecture: Json
    metrics: dict[str, float]
    reward: float | None
    reason: str | None
    reused: bool
    on_front: bool
    attempts: int
    seq: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """trial and attempt are numbers, attempt from 1. epoch: of the lease under which the attempt began."""

    search_id: str
    trial: int
    attempt: int
    epoch: int
    worker: str
    state: AttemptState
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """seq: 1, 2, 3, ... in each search, without gaps."""

    search_id: str
    seq: int
    type: str
    at: datetime
    data: Json


@dataclass(frozen=True, slots=True)
class LogRecord:
    """n: 1, 2, 3, ... in each search. trial: its number, or None for a line of the search."""

    n: int
    at: datetime
    trial: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Trials as parallel lists by name, by rising number; started_at and ended_at in seconds since 1970.

    seq: all changes up to this event are included.
    """

    seq: int
    columns: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    sha256: str
    size_bytes: int
    media_type: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ArtifactLink:
    """kind: a model's format, such as onnx; report, pareto or trials. file: a name to show, never a path.

    trial: its number.
    """

    search_id: str
    trial: int | None
    kind: str
    file: str
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class References:
    """Digests of artifacts by what refers to them; one digest may be in several sets."""

    searches: frozenset[str]
    deleted_searches: frozenset[str]
    trainings: frozenset[str]


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """epochs: for which the trial's network is trained; None: as many as for finalists. input: what the file takes, one
    of ModelInput; None: as the search's spec says. compression: how it is made smaller, as
    nas.compressing.plan.requested takes it. report: of a compression that has succeeded: its files, stages, accuracies.
    """

    id: str
    trial_id: str
    format: str
    epochs: int | None
    input: str | None
    state: ExportState
    reason: str | None
    artifact_sha256: str | None
    file: str | None
    metrics: dict[str, float]
    created_at: datetime
    ended_at: datetime | None
    compression: Json | None = None
    report: Json | None = None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """prefix: the secret's first characters, by which a user recognises it."""

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def allows(self, scope: str) -> bool:
        """Whether the key has the scope, or one that includes it."""
        if scope == AGENT:
            return bool({AGENT, "admin"} & set(self.scopes))
        return any(RANKS.index(held) >= RANKS.index(scope) for held in self.scopes if held != AGENT)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """owner: who sent it, so that equal keys of two users are different. digest: of the request's body."""

    key: str
    owner: str
    digest: str


@dataclass(frozen=True, slots=True)
class UploadUse:
    """named: whether any search names the upload, be it deleted, or an inquiry that has not ended. open: ids of the
    inquiries, and of the searches that are not finished or have an export that is not.
    """

    named: bool
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingKey:
    """All that a training's result depends on."""

    architecture_id: str
    data_digest: str
    recipe_id: str
    seed: int
    epochs: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a search. epoch: rises with each owner; writes under an older epoch are refused."""

    search_id: str
    epoch: int
    owner: str


@dataclass(frozen=True, slots=True)
class Claim:
    """suspect: its dispatchers have died so often that it is to run alone; if it ends this one too, it is set aside."""

    search: SearchRecord
    lease: Lease
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class ExportLease:
    """The right to write an export."""

    export_id: str
    epoch: int
    owner: str


@dataclass(frozen=True, slots=True)
class ExportClaim:
    export: ExportRecord
    lease: ExportLease


@dataclass(frozen=True, slots=True)
class File:
    """A file of the artifact store, and what to call it. file: a name to show, never a path."""

    kind: str
    file: str
    media_type: str
    sha256: str
    size_bytes: int
