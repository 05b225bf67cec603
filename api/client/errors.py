"""What a client raises."""

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
    """What was waited for did not come in the time given; it goes on in the service."""


class DamagedError(NasError):
    """A file that came is not the file of its digest."""


class MissingPackageError(NasError, ImportError):
    """A Python package that this one call needs is not installed."""
