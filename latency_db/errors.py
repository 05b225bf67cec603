"""The errors of the latency database. A message says what is wrong and what to do about it.

NasError
├── StoreError         the database file cannot be opened, read or written
│   └── SessionConflictError  a session that contradicts the stored one with its uid
├── MeasurementError   a model that the runtime cannot run
├── UnfitMachineError  a machine that is too noisy or too hot to measure on
├── RecordError        a record from another machine that is not valid
├── AgentError         an agent whose name or token is another's, or that was replaced by a later one
├── LeaseLostError     a batch that is no longer leased to the agent
└── TableFormatError   a file that is not the table it should be
"""

from typing import ClassVar

from nas.errors import NasError


class StoreError(NasError):
    """The database file cannot be opened, read or written."""


class SessionConflictError(StoreError):
    """A session contradicts the stored one with its uid: it has another device, or another latency of one model."""

    reason: ClassVar[str] = "RECORD_INVALID"


class MeasurementError(NasError):
    """The runtime cannot run the model."""


class UnfitMachineError(NasError):
    """The machine is too noisy or too hot to measure on; the message says why and what to do."""


class RecordError(NasError, ValueError):
    """A record from another machine is not valid; the message names the field."""

    reason: ClassVar[str] = "RECORD_INVALID"


class AgentError(NasError):
    """The agent's name or token is another's, or a later agent has replaced it."""

    reason: ClassVar[str] = "AGENT_REFUSED"


class LeaseLostError(NasError):
    """The batch is no longer leased to this agent. Nothing was stored; its results are refused."""

    reason: ClassVar[str] = "LEASE_LOST"


class TableFormatError(NasError, ValueError):
    """A file is not the table it should be; the message names the line and the remedy."""
