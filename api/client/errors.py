"""The errors of a client."""

from collections.abc import Sequence
from typing import Any

from nas.errors import NasError


class ApiError(NasError):
    """The service refused a request or failed at it.

    reason is stable and documented by the service; errors are faults of single fields, {"field", "message"}.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str,
        errors: Sequence[dict[str, Any]] = (),
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        fields = "".join(f"\n  {e.get('field')}: {e.get('message')}" for e in self.errors)
        super().__init__(f"{detail} ({reason}){fields}")


class UnreachableError(NasError):
    """No service answers at the address."""


class WaitTimeoutError(NasError, TimeoutError):
    """The time to wait is over; the search or export continues in the service."""


class DamagedError(NasError):
    """A received file does not have its digest."""


class MissingPackageError(NasError, ImportError):
    """A Python package that this one call needs is not installed."""
