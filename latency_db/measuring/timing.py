"""Timing one loaded model: warmed up until it is steady, then in rounds, in blocks of runs where one is too short."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns, thread_time_ns

import numpy as np

from latency_db.records.record import Statistic

STEADY = 0.02
"""Difference between two blocks of the warm-up, one after the other, at which it ends."""

MOST_BLOCKS = 10
WARMING_RUNS = 5
"""Of a block of the warm-up, at least."""

_CLOCK_SHARE = 100
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Settings:
    """How long each model is measured: min_time_s and min_runs are of one round, and both are reached.

    warmup_s: least time of a block of the warm-up, which goes on until STEADY or for MOST_BLOCKS. sessions: how many a
    model has at least; more are added until they agree (latency_db.records.consensus), or there are most_sessions.
    """

    rounds: int
    min_time_s: float
    min_runs: int
    warmup_s: float
    sessions: int = 1
    most_sessions: int = 1


@dataclass(slots=True)
class Subject:
    """A loaded model with the timings of its rounds in milliseconds, one number a block of runs.

    statistic: the reference statistic, which says by which clock it is steady.
    """

    run: Callable[[], None]
    statistic: Statistic
    runs: int = 1
    wall: list[list[float]] = field(default_factory=list)
    cpu: list[list[float]] = field(default_factory=list)

    def warm_up(self, settings: Settings) -> None:
        wall, cpu = self._time(settings.warmup_s, WARMING_RUNS)
        self.runs = max(1, round(_CLOCK_SHARE * _clock_cost_ms() / min(wall)))
        last_ms = self._p10(wall, cpu)
        for _ in range(MOST_BLOCKS):
            now_ms = self._p10(*self._time(settings.warmup_s, WARMING_RUNS))
            if abs(now_ms - last_ms) <= STEADY * last_ms:
                return
            last_ms = now_ms

    def round(self, settings: Settings) -> None:
        """Time it for a while, and keep the timings."""
        self.run()  # brings weights and code back into the caches after the other models
        wall, cpu = self._time(settings.min_time_s, settings.min_runs)
        self.wall.append(wall)
        self.cpu.append(cpu)

    def rounds_ms(self) -> tuple[float, ...]:
        """The reference statistic's value in each round."""
        return tuple(self._p10(wall, cpu) for wall, cpu in zip(self.wall, self.cpu, strict=True))

    def _p10(self, wall: list[float], cpu: list[float]) -> float:
        return float(np.quantile(cpu if self.statistic is Statistic.CPU_P10_BEST else wall, 0.1))

    def _time(self, min_time_s: float, min_runs: int) -> tuple[list[float], list[float]]:
        """Wall and thread CPU milliseconds of one run, once for each block of runs."""
        wall: list[float] = []
        cpu: list[float] = []
        run, runs = self.run, range(self.runs)
        per_run = _NS_PER_MS * self.runs
        end = perf_counter_ns() + int(min_time_s * 1e9)
        while perf_counter_ns() < end or len(wall) < min_runs:
            wall_start, cpu_start = perf_counter_ns(), thread_time_ns()
            for _ in runs:
                run()
            cpu_end, wall_end = thread_time_ns(), perf_counter_ns()
            wall.append((wall_end - wall_start) / per_run)
            cpu.append((cpu_end - cpu_start) / per_run)
        return wall, cpu


def _clock_cost_ms() -> float:
    """What reading both clocks costs."""
    costs = []
    for _ in range(20):
        start = perf_counter_ns()
        thread_time_ns()
        costs.append(perf_counter_ns() - start)
    return min(costs) / _NS_PER_MS
