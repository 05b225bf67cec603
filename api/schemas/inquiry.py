"""What resources share that a worker is asked for before a search."""

from datetime import datetime
from typing import Annotated

from api.schemas.common import DescribedBy, Json, Sent, Stored, one_of
from nas.jobs.inquiries.record import InquiryState


class InquiryProgress(Stored):
    """what: is done by done of total. left_s: seconds until the end, null as long as that is not known."""

    phase: str
    what: str | None = None
    done: int | None = None
    total: int | None = None
    left_s: float | None = None


class InquirySummary(Sent):
    """What a worker is asked for, without the request and the result. reason: why it FAILED."""

    id: str
    state: Annotated[str, one_of(InquiryState)]
    reason: str | None = None
    progress: Annotated[Json, DescribedBy(InquiryProgress)] | None = None
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
