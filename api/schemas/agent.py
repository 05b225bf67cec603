"""Agents, the batches that they measure, and what is asked of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.schemas.common import Json, Received, Sent

DeviceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$", examples=["pi"])]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ShortText = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=1, le=4096, strict=True)]
Fact = Annotated[str, Field(max_length=500)]


class NewDevice(Received):
    """A machine that an agent will run on."""

    name: DeviceName


class AgentOut(Sent):
    """trouble: what the agent complained of when it was last seen; last_seen_at: null for never."""

    id: str
    name: str
    facts: Json
    trouble: str | None
    created_at: datetime
    last_seen_at: datetime | None


class AgentList(Sent):
    items: list[AgentOut]


class CreatedDevice(Sent):
    """token: of the agent, shown this once."""

    id: str
    name: str
    key_id: str
    token: str


class OfferedDevice(Received):
    """One way to run networks that the agent offers."""

    name: ShortText
    runtime: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    precision: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,20}$")]
    threads: Count
    fingerprint: Annotated[dict[ShortText, Fact], Field(max_length=32)]


class Hello(Received):
    """machine: the agent's own id of it. run: of this start."""

    machine: Hex
    run: Hex
    name: DeviceName | None = None
    facts: Annotated[Json, Field(max_length=32)]
    devices: Annotated[list[OfferedDevice], Field(min_length=1, max_length=64)]


class Registered(Sent):
    id: str
    name: str
    devices: list[str]


class LeaseBody(Received):
    """trouble: what the operator should know, such as a full disk."""

    run: Hex
    trouble: Annotated[str | None, Field(max_length=500)] = None


class TaskOut(Sent):
    request: int
    kind: str
    key: str
    digest: str
    size_bytes: int


class BatchOut(Sent):
    """known_ms: what the reference network took on this device last, null if it was never measured."""

    id: str
    device: Json
    settings: Json
    tasks: list[TaskOut]
    lease_s: float
    known_ms: float | None


class Leased(Sent):
    """batch: null if there is nothing to do."""

    batch: BatchOut | None


class FailureBody(Received):
    """final: trying again is of no use."""

    request: Annotated[int, Field(ge=0, lt=2**63, strict=True)]
    reason: Annotated[str, Field(max_length=2000)]
    final: bool


class Results(Received):
    """sessions: each with its records; times in them are durations since the lease."""

    sessions: Annotated[list[dict[str, Any]], Field(max_length=64)]
    failures: Annotated[list[FailureBody], Field(max_length=1000)]


class Done(Sent):
    """stored: false if the same results were stored before."""

    stored: bool


class Extended(Sent):
    lease_s: float


class NewRequests(Received):
    """Networks in notation. effort: quick as for a table, or thorough as for a report; higher priorities go first."""

    networks: Annotated[list[Annotated[str, Field(max_length=100_000)]], Field(min_length=1, max_length=64)]
    effort: Literal["quick", "thorough"] = "thorough"
    priority: Annotated[int, Field(ge=-100, le=100, strict=True)] = 0


class RequestsOut(Sent):
    """How the requests of a device stand: counts by state, the latest reasons of those that failed."""

    agent: str
    counts: dict[str, int]
    reasons: list[str]
    trouble: str | None
    last_seen_at: datetime | None
    added: int = 0
