"""CPU time that this process and others use."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from nas.machine.cgroup import allowed_cores
from nas.machine.facts import read_fact

_ROOT = Path("/")
_BUSY_COLUMNS = (0, 1, 2, 5, 6, 7)
"""Columns of /proc/stat: user, nice, system, irq, softirq, steal."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time in seconds on the cores that this process may use, since the machine was started, at time at_s.

    busy_s: of all processes and of the host of a virtual machine. own_s: of this process.
    """

    at_s: float
    busy_s: float
    own_s: float

    @classmethod
    def now(cls, root: Path = _ROOT) -> "Usage | None":
        """The usage at this moment; None where the system does not report it."""
        text = read_fact(root / "proc" / "stat")
        if text is None:
            return None
        rows = [line.split() for line in text.splitlines() if re.match(r"cpu\d", line)]
        allowed = allowed_cores()
        ticks = [[int(number) for number in row[1:]] for row in rows if int(row[0][3:]) in allowed]
        per_s = os.sysconf("SC_CLK_TCK")
        busy = sum(row[column] for row in ticks for column in _BUSY_COLUMNS) / per_s
        return cls(time.monotonic(), busy, time.process_time())

    def others_since(self, before: "Usage") -> float:
        """Cores that other processes, or the host of a virtual machine, kept busy from before to now."""
        busy_s = (self.busy_s - before.busy_s) - (self.own_s - before.own_s)
        return max(0.0, busy_s / (self.at_s - before.at_s))
