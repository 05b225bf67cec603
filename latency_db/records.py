"""What the database holds: records of measured latencies, each with all its statistics and where it comes from.

Times are milliseconds of one run at batch 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency_db.device import Device
from latency_db.runtime import runtime


class Kind(StrEnum):
    """How a model is run when it is measured.

    kernel: input and output stay in the runtime. network: called as an application calls it.
    """

    KERNEL = "kernel"
    NETWORK = "network"


class RecordState(StrEnum):
    """valid; suspect: measured on a machine that drifted; stale: of an outdated target; rejected: known to be wrong."""

    VALID = "valid"
    SUSPECT = "suspect"
    STALE = "stale"
    REJECTED = "rejected"


class Statistic(StrEnum):
    """Which number stands for a set of timings.

    cpu_p10_best: 10th percentile of the thread's CPU time in a round, in the best of the rounds. For one thread this is
    the whole work, and unlike wall time it does not count the moments in which another process had the core.
    wall_p10_best: the same of wall time, for several threads, of which the caller's CPU time is only a part, and for
    runtimes that compute elsewhere.
    """

    CPU_P10_BEST = "cpu_p10_best"
    WALL_P10_BEST = "wall_p10_best"

    @classmethod
    def of(cls, device: Device) -> "Statistic":
        """The reference statistic of a device."""
        in_caller = device.runtime not in runtime or runtime[device.runtime].in_caller
        return cls.CPU_P10_BEST if device.threads == 1 and in_caller else cls.WALL_P10_BEST

    @property
    def meaning(self) -> str:
        clock = "thread CPU time" if self is Statistic.CPU_P10_BEST else "wall time"
        return f"{clock}, 10th percentile of a round, best round"


@dataclass(frozen=True, slots=True)
class Signature:
    """What was measured: the notation of a kernel or a network, or `sha256:...` of an ONNX file."""

    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Statistics:
    """Summary of n timings. The trimmed mean leaves out the lowest and the highest tenth."""

    min_ms: float
    p10_ms: float
    p25_ms: float
    median_ms: float
    trimmed_mean_ms: float
    mean_ms: float
    p90_ms: float
    p99_ms: float
    std_ms: float
    n: int

    @classmethod
    def of(cls, timings_ms: Sequence[float] | NDArray[np.float64]) -> "Statistics":
        ordered = np.sort(np.asarray(timings_ms, np.float64))
        p10, p25, median, p90, p99 = np.quantile(ordered, (0.1, 0.25, 0.5, 0.9, 0.99)).tolist()
        cut = len(ordered) // 10
        trimmed = ordered[cut : len(ordered) - cut]
        return cls(
            float(ordered[0]),
            p10,
            p25,
            median,
            float(trimmed.mean()),
            float(ordered.mean()),
            p90,
            p99,
            float(ordered.std()),
            len(ordered),
        )


@dataclass(frozen=True, slots=True)
class MeasurementSession:
    """Circumstances that records share: they were measured side by side, in interleaved rounds.

    empty_ms: the empty model run as a kernel, the fixed cost that each kernel's time contains.
    reference_drift: largest over smallest round of the reference network, minus 1.
    """

    device: Device
    started_at: datetime
    harness: str
    environment: Mapping[str, Any]
    empty_ms: float
    reference_ms: float
    reference_drift: float
    state: RecordState = RecordState.VALID
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LatencyRecord:
    """One model measured in one session.

    latency_ms is the reference statistic, which `statistic` names, and rounds_ms its value in each round; wall and cpu
    summarise the timings of all rounds. For more than one thread, cpu is the calling thread's part only.
    """

    signature: Signature
    session: MeasurementSession
    statistic: Statistic
    latency_ms: float
    rounds_ms: tuple[float, ...]
    wall: Statistics
    cpu: Statistics
    state: RecordState = RecordState.VALID
    reason: str | None = None

    @property
    def error_ms(self) -> float:
        """How far the best round is from being confirmed: its distance to the second best. Unknown (nan) for one."""
        best = sorted(self.rounds_ms)[:2]
        return best[1] - best[0] if best[1:] else float("nan")

    @property
    def share_ms(self) -> float:
        """What a kernel adds to a network: its time without the fixed cost of a run."""
        return max(self.latency_ms - self.session.empty_ms, 0.0)
