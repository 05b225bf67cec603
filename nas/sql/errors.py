"""What a database refuses. `reason` is stable, for programs; the message is for people."""

from typing import ClassVar

from nas.errors import NasError


class LedgerError(NasError):
    """The database cannot be reached, or has another schema."""

    reason: ClassVar[str] = "LEDGER_UNAVAILABLE"


class ValueRefusedError(NasError, ValueError):
    """A value that the ledger has no place for: text with NUL, a number that is none, a scope that is unknown."""

    reason: ClassVar[str] = "VALUE_REFUSED"
