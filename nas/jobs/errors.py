"""The errors of the ledger, beside those of nas.sql. `reason` is stable, for programs; messages are for people."""

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


class DeletedError(NasError):
    """The search that the idempotency key made was deleted."""

    reason: ClassVar[str] = "DELETED"


class FencedError(NasError):
    """Another owner has the lease now. Nothing was written; stop working on it."""

    reason: ClassVar[str] = "FENCED"
