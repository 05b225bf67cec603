"""Latency records: a model's latency in one session, with its statistics, its state and the session's circumstances.

Times are milliseconds of one run. What is unknown, as in published tables, is None and never 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.device import Device
from latency_db.devices.runtime import runtime


class Kind(StrEnum):
    """How a model is run when it is measured.

    kernel: input and output stay in the runtime. network: called as an application calls it.
    """

    KERNEL = "kernel"
    NETWORK = "network"


class RecordState(StrEnum):
    """valid; suspect: possibly wrong; stale: of a runtime's version that the machine no longer has; rejected: wrong."""

    VALID = "valid"
    SUSPECT = "suspect"
    STALE = "stale"
    REJECTED = "rejected"


class Statistic(StrEnum):
    """The statistic of a set of timings that is its latency.

    cpu_p10_best: 10th percentile of the thread's CPU time in a round, in the best of the rounds. For one thread this is
    all the work, and unlike wall time it does not count the time in which another process had the core.
    wall_p10_best: the same of wall time, for several threads and for runtimes that compute outside the calling thread.
    The others are those of published tables, of wall time; sum: of parts that were timed separately.
    """

    CPU_P10_BEST = "cpu_p10_best"
    WALL_P10_BEST = "wall_p10_best"
    MINIMUM = "minimum"
    MEDIAN = "median"
    TRIMMED_MEAN = "trimmed_mean"
    MEAN = "mean"
    P90 = "p90"
    SUM = "sum"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, device: Device) -> "Statistic":
        """The statistic that latencies measured on a device are."""
        in_caller = device.runtime not in runtime or runtime[device.runtime].in_caller
        return cls.CPU_P10_BEST if device.threads == 1 and in_caller else cls.WALL_P10_BEST

    @property
    def meaning(self) -> str:
        if self in (Statistic.CPU_P10_BEST, Statistic.WALL_P10_BEST):
            clock = "thread CPU time" if self is Statistic.CPU_P10_BEST else "wall time"
            return f"{clock}, 10th percentile of a round, best round"
        return f"{self.value.replace('_', ' ')}, as published"


@dataclass(frozen=True, slots=True)
class Signature:
    """Identifies a model: the notation of a kernel or a network, or `sha256:...` of an ONNX file, and how it is run."""

    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Statistics:
    """Summary of n timings. The trimmed mean leaves out the lowest and the highest tenth. None: unknown."""

    min_ms: float | None = None
    p10_ms: float | None = None
    p25_ms: float | None = None
    median_ms: float | None = None
    trimmed_mean_ms: float | None = None
    mean_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    std_ms: float | None = None
    n: int | None = None

    @classmethod
    def of(cls, timings_ms: Sequence[float] | NDArray[np.float64]) -> "Statistics":
        """Summary of timings in milliseconds [n]."""
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
    """Circumstances that records share: they were measured side by side, in interleaved rounds, or published together.

    empty_ms: the empty model run as a kernel, the fixed cost that each kernel's latency contains.
    reference_drift: largest over smallest round of the reference network, minus 1.
    uid: unique id, by which a session that arrives again is recognised.
    licence, unit: of the published table; unit is the one in its file, while all numbers here are milliseconds.
    """

    device: Device
    started_at: datetime
    harness: str
    environment: Mapping[str, Any]
    empty_ms: float | None = None
    reference_ms: float | None = None
    reference_drift: float | None = None
    state: RecordState = RecordState.VALID
    reason: str | None = None
    uid: str = field(default_factory=lambda: uuid4().hex)
    licence: str | None = None
    unit: str = "ms"


@dataclass(frozen=True, slots=True)
class LatencyRecord:
    """One model measured in one session.

    latency_ms: the value of `statistic`; rounds_ms: its value in each round, empty if unknown. wall, cpu: summaries of
    the timings of all rounds; cpu is the calling thread's part only.
    """

    signature: Signature
    session: MeasurementSession
    statistic: Statistic
    latency_ms: float
    rounds_ms: tuple[float, ...] = ()
    wall: Statistics = Statistics()
    cpu: Statistics = Statistics()
    state: RecordState = RecordState.VALID
    reason: str | None = None

    @property
    def error_ms(self) -> float:
        """Repeatability in ms: the second best round less the best; nan if there is only one."""
        best = sorted(self.rounds_ms)[:2]
        return best[1] - best[0] if best[1:] else float("nan")
