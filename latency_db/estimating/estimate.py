"""An estimate: a latency with its interval, and what it rests on."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from math import inf, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency_db.records.record import LatencyRecord, RecordState
from latency_db.robust_statistics import Values


class Source(StrEnum):
    """Where the latency of a network comes from.

    measured: the whole network was measured end to end. summed: the sum of its kernels, all of them measured.
    interpolated: the same sum, in which some kernels were interpolated from measured ones. transferred: predicted from
    a few other networks that were measured on the device, and from other devices' latencies of the same networks.
    """

    MEASURED = "measured"
    SUMMED = "summed"
    INTERPOLATED = "interpolated"
    TRANSFERRED = "transferred"


MAX_INTERVAL_RATIO = 25.0
"""Largest ratio of the ends of an interval, whatever the source: five times more or less than the estimate. Beyond it,
there is no estimate."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Latency of one run at batch 1.

    low_ms, high_ms: a 90 % interval of the latency that one session measures end to end. error_ms: repeatability of its
    measurements, one standard deviation. measured, interpolated, learned: shares of the latency that rest on
    measured kernels, on interpolated kernels, and on other whole networks; they add up to 1. kernels: number that were
    summed. suspect: number of their records from an unsteady session.
    """

    ms: float
    low_ms: float
    high_ms: float
    error_ms: float
    source: Source
    measured: float = 1.0
    interpolated: float = 0.0
    learned: float = 0.0
    kernels: int = 0
    suspect: int = 0

    @classmethod
    def of_record(cls, record: LatencyRecord) -> "Estimate":
        """The estimate of a network that was measured end to end: its interval is the latency plus and minus its error.

        The error is the distance between the two best rounds, and is not known after a single round.
        """
        ms, error = record.latency_ms, record.error_ms
        suspect = int(record.state is RecordState.SUSPECT)
        return cls(ms, ms - error, ms + error, error, Source.MEASURED, suspect=suspect)

    @property
    def is_too_wide(self) -> bool:
        """Whether the ends of the interval differ by more than MAX_INTERVAL_RATIO, or are not finite and positive.

        The interval of a network that was measured in a single round is not known.
        """
        if self.source is Source.MEASURED and isnan(self.error_ms):
            return False
        return bool(too_wide(self.low_ms, self.high_ms))

    def plain(self) -> dict[str, Any]:
        """The fields as JSON values: null for what is not known."""
        return {name: None if isinstance(v, float) and isnan(v) else v for name, v in asdict(self).items()}


def too_wide(low_ms: Values | float, high_ms: Values | float) -> NDArray[np.bool_]:
    """Whether the ends of intervals differ by more than MAX_INTERVAL_RATIO, or are not finite and positive."""
    most_ms = MAX_INTERVAL_RATIO * np.asarray(low_ms)
    return np.asarray(~((np.asarray(high_ms) > 0) & (high_ms <= most_ms) & (most_ms < inf)))
