"""What the ledger refuses. `reason` is stable, for programs; the message is for people.

NasError
├── LedgerError        the database cannot be reached, or has another schema
├── NotFoundError      no record with that id
├── StateError         not in this state
├── VersionError       changed by another client since it was read
├── IdempotencyError   the key was used for another request
├── FencedError        another dispatcher owns the search now: stop working on it
└── ValueRefusedError  a value that the ledger cannot store
"""

from typing import ClassVar

from nas.errors import NasError


class NotFoundError(NasError, LookupError):
    """No record with that id."""

    reason: ClassVar[str] = "NOT_FOUND"


class StateError(NasError):
    """The record's state does not allow it; the message names the state."""

    reason: ClassVar[str] = "STATE_TRANSITION"


class VersionError(NasError):
    """The record was changed since the caller read it."""

    reason: ClassVar[str] = "VERSION_MISMATCH"


class IdempotencyError(NasError):
    """The idempotency key was used for another request."""

    reason: ClassVar[str] = "IDEMPOTENCY_KEY_REUSED"


class FencedError(NasError):
    """Another owner has the lease now. Nothing was written; stop working on it."""

    reason: ClassVar[str] = "FENCED"
