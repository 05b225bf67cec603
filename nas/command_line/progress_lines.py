"""How far a command is, in lines: for a log, where no bar can be drawn."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from nas.quantities import duration

EVERY_S = 30.0
"""Seconds without a line after which one is told."""


@dataclass(slots=True)
class ProgressLines:
    """Tells how far a step is when nothing was told for EVERY_S. Calls may come from several threads."""

    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _told_s: float = field(init=False)
    _begun: dict[str, tuple[float, int]] = field(init=False, default_factory=dict)
    _lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        self._told_s = self.clock()

    def told(self) -> None:
        """The command has told something else."""
        with self._lock:
            self._told_s = self.clock()

    def step(self, what: str, done: int, total: int, left_s: float | None = None) -> None:
        """The step `what` is done by done of total. left_s: seconds to its end; by default at its own pace so far."""
        with self._lock:
            now_s = self.clock()
            begun_s, first = self._begun.setdefault(what, (now_s, done))
            if done >= total:
                del self._begun[what]
            if done >= total or now_s - self._told_s < EVERY_S:
                return
            self._told_s = now_s
        if left_s is None and done > first:
            left_s = (now_s - begun_s) * (total - done) / (done - first)
        left = "" if left_s is None else f", about {duration(left_s)} left"
        self.tell(f"{what}: {done:,} of {total:,}{left}")
