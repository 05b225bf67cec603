"""Cores and memory that this process may use: the machine's, less what a control group takes away, as in a container.

Both versions of control groups are read (cgroups(7)), each from the process' own group up to the top that it sees.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from nas.machine.facts import read_fact
from nas.machine.mounts import Mount, mounts

_ROOT = Path("/")
_BYTES_PER_KIB = 1 << 10


def allowed_cores() -> frozenset[int]:
    """Numbers of the logical cores that the threads of this process may run on, whatever its share of their time.

    All of them where the system has no such rule, or does not tell it, as in some sandboxes.
    """
    try:
        return frozenset(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return frozenset(range(os.cpu_count() or 1))


def core_count(root: Path = _ROOT) -> int:
    """Logical cores that this process may keep busy: those allowed, or the whole cores of a smaller CPU quota, at least
    one.
    """
    quotas = [quota for folder in _folders("cpu", root) if (quota := _quota(folder)) is not None]
    return max(1, int(min([float(len(allowed_cores())), *quotas])))


def memory_bytes(root: Path = _ROOT) -> int | None:
    """Memory that this process may use: the machine's, or a lower limit; None where the system reports neither."""
    total = re.search(r"^MemTotal:\s*(\d+) kB$", read_fact(root / "proc/meminfo") or "", re.MULTILINE)
    limits = [int(total[1]) * _BYTES_PER_KIB] if total else []
    for folder in _folders("memory", root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = read_fact(folder / name)
            if text and text.isdigit():  # "max" is no limit
                limits.append(int(text))
    return min(limits, default=None)


def quota_waits(root: Path = _ROOT) -> int | None:
    """In how many periods processes had to wait because their CPU quota was used up; None without control groups."""
    found = None
    for folder in _folders("cpu", root):
        count = re.search(r"^nr_throttled (\d+)$", read_fact(folder / "cpu.stat") or "", re.MULTILINE)
        if count:
            found = (found or 0) + int(count[1])
    return found


def _quota(folder: Path) -> float | None:
    """Cores that a group may keep busy; None without a limit."""
    both = (read_fact(folder / "cpu.max") or "").split() or [
        read_fact(folder / f"cpu.cfs_{name}_us") or "" for name in ("quota", "period")
    ]
    if len(both) == 2 and all(text.isdigit() for text in both) and int(both[1]) > 0:  # noqa: PLR2004 - quota, period
        return int(both[0]) / int(both[1])
    return None  # "max", or -1


def _folders(controller: str, root: Path) -> Iterator[Path]:
    """Folders of the groups that limit this process, of both versions, from its own to the top that it sees."""
    own: dict[str, str] = {}
    for line in (read_fact(root / "proc/self/cgroup") or "").splitlines():
        _, names, group = line.split(":", 2)
        own |= dict.fromkeys(names.split(","), group)  # version 2 has no name
    for mount in mounts(root):
        name = {"cgroup": controller, "cgroup2": ""}.get(mount.kind)
        if name in own and (name == "" or name in mount.options):
            top = root / mount.at.relative_to("/")
            yield from _upwards(top / _below(mount, own[name]), top)


def _below(mount: Mount, group: str) -> Path:
    """The group's place in the mounted hierarchy; its top if the group is not seen there, as in some containers."""
    if Path(group).is_relative_to(mount.shown) and ".." not in Path(group).parts:
        return Path(group).relative_to(mount.shown)
    return Path()


def _upwards(folder: Path, top: Path) -> Iterator[Path]:
    yield folder
    while folder != top:
        folder = folder.parent
        yield folder
