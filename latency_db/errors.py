"""The errors of the latency database. A message says what is wrong and what to do about it.

NasError
├── StoreError         the database file cannot be opened, read or written
└── MeasurementError   a model that the runtime cannot run
"""

from nas.errors import NasError


class StoreError(NasError):
    """The database file cannot be opened, read or written."""


class MeasurementError(NasError):
    """The runtime cannot run the model."""
