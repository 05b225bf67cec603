"""Timing of one loaded model: warm-up until it is steady, then rounds; runs too short for the clock are timed in
blocks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns, thread_time_ns

import numpy as np

from latency_db.records.record import Statistic

STEADY_DIFFERENCE = 0.02
"""Relative difference between two consecutive blocks of the warm-up at which it ends."""

MAX_WARMUP_BLOCKS = 10
MIN_WARMUP_RUNS = 5
"""Runs in a block of the warm-up."""

_CLOCK_COSTS = 100
"""A block of runs takes at least so many times what reading the clocks costs."""

_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Effort:
    """How long each model is measured. min_time_s, min_runs: of one round, which lasts until both are reached.

    warmup_s: minimum time of a block of the warm-up. sessions: minimum number for each model; more are added until they
    agree (latency_db.records.consensus), or until there are most_sessions.
    """

    rounds: int
    min_time_s: float
    min_runs: int
    warmup_s: float
    sessions: int = 1
    most_sessions: int = 1


@dataclass(slots=True)
class TimedModel:
    """A loaded model and its timings.

    statistic: of the record; it decides by which clock the model is steady. runs: number of runs in a block. wall, cpu:
    milliseconds of one run, by round and block of runs.
    """

    run: Callable[[], None]
    statistic: Statistic
    runs: int = 1
    wall: list[list[float]] = field(default_factory=list)
    cpu: list[list[float]] = field(default_factory=list)

    def warm_up(self, effort: Effort) -> None:
        wall, cpu = self._time(effort.warmup_s, MIN_WARMUP_RUNS)
        self.runs = max(1, round(_CLOCK_COSTS * _clock_cost_ms() / min(wall)))
        last_ms = self._p10(wall, cpu)
        for _ in range(MAX_WARMUP_BLOCKS):
            now_ms = self._p10(*self._time(effort.warmup_s, MIN_WARMUP_RUNS))
            if abs(now_ms - last_ms) <= STEADY_DIFFERENCE * last_ms:
                return
            last_ms = now_ms

    def round(self, effort: Effort) -> None:
        """Time it for a round, and keep the timings."""
        self.run()  # brings weights and code back into the caches after the other models
        wall, cpu = self._time(effort.min_time_s, effort.min_runs)
        self.wall.append(wall)
        self.cpu.append(cpu)

    def rounds_ms(self) -> tuple[float, ...]:
        """Milliseconds by the statistic of the record, one number a round."""
        return tuple(self._p10(wall, cpu) for wall, cpu in zip(self.wall, self.cpu, strict=True))

    def _p10(self, wall: list[float], cpu: list[float]) -> float:
        return float(np.quantile(cpu if self.statistic is Statistic.CPU_P10_BEST else wall, 0.1))

    def _time(self, min_time_s: float, min_runs: int) -> tuple[list[float], list[float]]:
        """Wall and thread CPU milliseconds of one run, by block of runs."""
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
    """Milliseconds to read both clocks."""
    costs = []
    for _ in range(20):
        start = perf_counter_ns()
        thread_time_ns()
        costs.append(perf_counter_ns() - start)
    return min(costs) / _NS_PER_MS
