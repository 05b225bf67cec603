"""The cores that a measurement runs on: fixed where the system allows it, so that threads stay where they are."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nas.machine.cgroup import allowed_cores
from nas.machine.facts import read_fact

_CPUS = Path("/sys/devices/system/cpu")
_log = logging.getLogger(__name__)


def chosen_cores(threads: int, cpus: Path = _CPUS) -> tuple[int, ...]:
    """The cores for this number of threads, always the same: the fastest kind first, each core's first hardware thread
    before its second, and high numbers before low ones, which serve interrupts. All cores if there are fewer; none
    where the system does not bind threads to cores.
    """
    if not hasattr(os, "sched_setaffinity"):
        return ()
    ordered = sorted(allowed_cores(), key=lambda core: (-_speed(core, cpus), _sibling(core, cpus), -core))
    return tuple(sorted(ordered[:threads]))


@contextmanager
def pinned(threads: int) -> Iterator[tuple[int, ...]]:
    """Bind the calling thread, and those that it starts, to chosen_cores while the block runs; gives these cores.

    Gives none, and says so in the log, where the system refuses it: threads may move between cores then.
    """
    before, cores = allowed_cores(), chosen_cores(threads)
    try:
        if cores:
            os.sched_setaffinity(0, cores)
    except OSError as error:
        _log.warning("threads cannot be bound to cores (%s): they may move, and latencies vary more", error.strerror)
        cores = ()
    try:
        yield cores
    finally:
        if cores:
            os.sched_setaffinity(0, before)


def _speed(core: int, cpus: Path) -> int:
    """A number that is greater for a faster kind of core; 0 if the system does not report it."""
    for fact in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):
        text = read_fact(cpus / f"cpu{core}" / fact)
        if text and text.isdigit():
            return int(text)
    return 0


def _sibling(core: int, cpus: Path) -> int:
    """Index among the hardware threads of one core."""
    listed = read_fact(cpus / f"cpu{core}" / "topology" / "thread_siblings_list") or ""
    members = [int(number) for number in listed.replace("-", ",").split(",") if number.isdigit()]
    return members.index(core) if core in members else 0
