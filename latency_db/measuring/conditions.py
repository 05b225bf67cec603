"""Whether a machine was fit to be measured on while a session ran, with the reasons if it was not."""

from collections.abc import Iterator
from dataclasses import dataclass

from latency_db.devices.device import Device
from latency_db.records.record import Statistic

MAX_DRIFT = 0.05
"""Largest relative drift of the reference network between rounds."""

MAX_SLOWDOWN = 0.05
"""Largest relative increase of the reference network's latency since the last session on the device."""

MAX_OTHERS_CORES = 0.25
"""Cores, of those that the threads need, that other processes may use when wall time is measured."""

MIN_CPU_SHARE = 0.25
"""Smallest share of the wall time in which the thread must have a core when CPU time is measured. With a third,
latencies stay within 2 % (docs/results/latency_repeat.md)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions during a session; None is not known.

    cores: number that its threads may run on. others_cores: of these, kept busy by other processes. cpu_share: of
    the wall time, in which the calling thread had a core. heat: why the machine was too hot. throttled: how often
    cores were slowed down. quota_waits: in how many periods the container's CPU quota was used up. drift: largest
    over smallest round of the reference network, minus 1. reference_ms, known_ms: latency of the reference network,
    and before this session.
    """

    cores: int
    others_cores: float | None
    cpu_share: float
    heat: str | None
    throttled: int
    quota_waits: int
    drift: float
    reference_ms: float
    known_ms: float | None


def problems(device: Device, seen: Conditions) -> Iterator[str]:
    """Reasons why the latencies may be wrong; none for a machine that was quiet and cool."""
    if seen.heat:
        yield f"hot: {seen.heat}"
    if seen.throttled:
        yield f"hot: cores were slowed down {seen.throttled} times"
    if seen.quota_waits:
        yield f"busy: the CPU quota was used up in {seen.quota_waits} periods"
    if seen.drift > MAX_DRIFT:
        yield f"the reference network drifted by {seen.drift:.1%} between rounds"
    if seen.known_ms and seen.reference_ms > (1 + MAX_SLOWDOWN) * seen.known_ms:
        slower = seen.reference_ms / seen.known_ms - 1
        yield f"the reference network takes {slower:.1%} longer than the {seen.known_ms:.4f} ms before"
    if Statistic.of(device) is Statistic.WALL_P10_BEST:
        free = None if seen.others_cores is None else seen.cores - seen.others_cores
        if free is not None and free < device.threads - MAX_OTHERS_CORES:
            yield f"busy: others used {seen.others_cores:.1f} of {seen.cores} cores, {device.threads} were needed"
    elif seen.cpu_share < MIN_CPU_SHARE:
        yield f"busy: the measuring thread had a core for {seen.cpu_share:.0%} of the time"
