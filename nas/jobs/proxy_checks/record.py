"""The record of a proxy check, and its states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nas.jobs.records import Json


class CheckState(StrEnum):
    """CANCELLING: a client asked for it, and the dispatcher that works on the check has not stopped yet."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


OPEN = (CheckState.QUEUED, CheckState.RUNNING)
"""States in which the same request is this check."""

CLAIMED = (CheckState.RUNNING, CheckState.CANCELLING)
"""States in which a dispatcher has a lease on it, or had one that ran out."""


@dataclass(frozen=True, slots=True)
class ProxyCheckRecord:
    """spec: of the search. options: as nas.proxy.options.CheckOptions has them. progress: of a check under way, by
    phase, what, done, total and left_s. result: as nas.proxy.summary makes it, of one that has SUCCEEDED.
    """

    id: str
    spec: Json
    options: Json
    state: CheckState
    reason: str | None
    progress: Json | None
    result: Json | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class CheckLease:
    """The right to write a check. epoch: rises with each owner; writes under an older epoch are refused."""

    check_id: str
    epoch: int
    owner: str


@dataclass(frozen=True, slots=True)
class CheckClaim:
    check: ProxyCheckRecord
    lease: CheckLease
