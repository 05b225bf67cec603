"""The errors of the latency database. A message says what is wrong and what to do about it.

NasError
├── StoreError         the database file cannot be opened, read or written
├── MeasurementError   a model that the runtime cannot run
├── UnfitMachineError  a machine that is too noisy or too hot to measure on
├── RecordError        a record from elsewhere that is none
├── ModelRefusedError  an ONNX file that is not run, as it may do more than compute
├── AgentError         an agent that may not do this: another has its name or token, or has taken its place
└── LeaseLostError     a batch that is another run's by now
"""

from typing import ClassVar

from nas.errors import NasError


class StoreError(NasError):
    """The database file cannot be opened, read or written."""


class MeasurementError(NasError):
    """The runtime cannot run the model."""


class UnfitMachineError(NasError):
    """The machine is too noisy or too hot to measure on now; the message says which, and what to do."""


class RecordError(NasError, ValueError):
    """A record from elsewhere that is none; the message names the field."""

    reason: ClassVar[str] = "RECORD_INVALID"


class ModelRefusedError(NasError, ValueError):
    """An ONNX file that is not run; the message says what it holds."""


class AgentError(NasError):
    """An agent that may not do this: another has its name or its token, or has taken its place."""

    reason: ClassVar[str] = "AGENT_REFUSED"


class LeaseLostError(NasError):
    """The batch is not this run's any more. Nothing was written; its results are not wanted."""

    reason: ClassVar[str] = "LEASE_LOST"


class TableFormatError(NasError, ValueError):
    """A file is not the table it should be; the message names the line and the remedy."""
