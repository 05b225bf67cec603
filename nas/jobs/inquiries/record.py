"""The record of an inquiry, its kinds and its states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nas.jobs.records import Json


class InquiryKind(StrEnum):
    """What is asked. A new one needs a prefix of its ids and, in the dispatcher, what answers it."""

    PROXY_CHECK = "PROXY_CHECK"
    SUGGESTION = "SUGGESTION"

    @property
    def prefix(self) -> str:
        """What the ids of this kind begin with."""
        return _PREFIXES[self]

    @property
    def words(self) -> str:
        return self.lower().replace("_", " ")


_PREFIXES = {InquiryKind.PROXY_CHECK: "chk", InquiryKind.SUGGESTION: "sug"}


def kind_of(inquiry_id: str) -> InquiryKind | None:
    """The kind of an inquiry, or None where the id is not one's."""
    return next((kind for kind in InquiryKind if inquiry_id.startswith(f"{kind.prefix}_")), None)


class InquiryState(StrEnum):
    """CANCELLING: a client asked for it, and the dispatcher that works on it has not stopped yet."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


OPEN = (InquiryState.QUEUED, InquiryState.RUNNING)
"""States in which the same request is this inquiry."""

CLAIMED = (InquiryState.RUNNING, InquiryState.CANCELLING)
"""States in which a dispatcher has a lease on it, or had one that ran out."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """spec: what it is about, with its data set; of a proxy check, the spec of the search; of a
    suggestion, the request. options: how it is answered.
    progress: of one under way, by phase, what, done, total and left_s. result: of one that has SUCCEEDED.
    """

    id: str
    kind: InquiryKind
    spec: Json
    options: Json
    state: InquiryState
    reason: str | None
    progress: Json | None
    result: Json | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class InquiryLease:
    """The right to write an inquiry. epoch: rises with each owner; writes under an older epoch are refused."""

    inquiry_id: str
    epoch: int
    owner: str


@dataclass(frozen=True, slots=True)
class InquiryClaim:
    inquiry: Inquiry
    lease: InquiryLease
