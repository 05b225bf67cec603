"""The errors of databases. `reason` is stable, for programs; the message is for people."""

from typing import ClassVar

from nas.errors import NasError


class LedgerError(NasError):
    """The database cannot be reached, or has another schema."""

    reason: ClassVar[str] = "LEDGER_UNAVAILABLE"


class ValueRefusedError(NasError, ValueError):
    """A value that cannot be stored: text with NUL, a number that is not finite, an unknown scope."""

    reason: ClassVar[str] = "VALUE_REFUSED"
