"""What becomes of measurements that are asked for."""

from enum import StrEnum


class RequestState(StrEnum):
    """QUEUED: it waits for an agent. LEASED: an agent has it. DONE: its record is there. FAILED: with a reason."""

    QUEUED = "QUEUED"
    LEASED = "LEASED"
    DONE = "DONE"
    FAILED = "FAILED"


class BatchState(StrEnum):
    """LEASED: an agent measures it. DONE: its results are stored. LOST: its run was replaced. RETURNED: given back."""

    LEASED = "LEASED"
    DONE = "DONE"
    LOST = "LOST"
    RETURNED = "RETURNED"
