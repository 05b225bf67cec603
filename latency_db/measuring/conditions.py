"""Whether a machine was fit to be measured on while a session ran: what speaks against it, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from latency_db.devices.device import Device
from latency_db.records.record import Statistic

MAX_DRIFT = 0.05
"""Of the reference network between rounds."""

MAX_SLOWDOWN = 0.05
"""Of the reference network, against what the device took for it before."""

SLACK_CORES = 0.25
"""What others may use of the cores that wall time needs."""

LEAST_SHARE = 0.25
"""Of wall time in which a thread timed by its CPU time has to have a core. Down to a third its numbers stay within 2 %
(docs/results/latency_repeat.md)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a session saw. cores: that it could use; others_cores: kept busy by others. None is not known.

    cpu_share: of the wall time, in which the calling thread had a core. throttled: times that cores were slowed down.
    drift: largest over smallest round of the reference network, minus 1. known_ms: the reference network before.
    """

    cores: int
    others_cores: float | None
    cpu_share: float
    heat: str | None
    throttled: int
    drift: float
    reference_ms: float
    known_ms: float | None


def doubts(device: Device, seen: Conditions) -> Iterator[str]:
    """Reasons why what was measured may be wrong; none for a machine that was quiet and cool."""
    if seen.heat:
        yield f"hot: {seen.heat}"
    if seen.throttled:
        yield f"hot: cores were slowed down {seen.throttled} times"
    if seen.drift > MAX_DRIFT:
        yield f"the reference network drifted by {seen.drift:.1%} between rounds"
    if seen.known_ms and seen.reference_ms > (1 + MAX_SLOWDOWN) * seen.known_ms:
        slower = seen.reference_ms / seen.known_ms - 1
        yield f"the reference network takes {slower:.1%} longer than the {seen.known_ms:.4f} ms of before"
    if Statistic.of(device) is Statistic.WALL_P10_BEST:
        free = None if seen.others_cores is None else seen.cores - seen.others_cores
        if free is not None and free < device.threads - SLACK_CORES:
            yield f"busy: others used {seen.others_cores:.1f} of {seen.cores} cores, {device.threads} were needed"
    elif seen.cpu_share < LEAST_SHARE:
        yield f"busy: the measuring thread had a core for {seen.cpu_share:.0%} of the time"
