"""Measuring: many models side by side, in rounds of random order, so that a disturbance hits all of them alike.

Each batch of models is a session of its own with an empty model (the fixed cost of a run) and a reference network
(how steady the machine was). A round times each model for a while; one that is short against the clock is timed in
blocks of runs. Nothing is thrown away: both clocks, all quantiles.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from random import Random
from time import perf_counter_ns, thread_time_ns

import numpy as np

from latency_db.device import Device
from latency_db.environment import environment
from latency_db.fixed import EMPTY_KERNEL, REFERENCE_NETWORK, fixed_models
from latency_db.records import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)
from latency_db.runtime import Session, runtime

HARNESS = "2"
"""Version of this protocol. Raise it whenever the numbers could change."""

BATCH = 64
"""Models loaded at once: bounds memory, and is what one session holds."""

MAX_DRIFT = 0.05
"""Drift of the reference network between rounds above which a session is suspect."""

_CLOCK_SHARE = 100
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Settings:
    """How long each model is measured: min_time_s and min_runs are of one round, and both are reached."""

    rounds: int
    min_time_s: float
    min_runs: int
    warmup_s: float


QUICK = Settings(rounds=3, min_time_s=0.008, min_runs=5, warmup_s=0.003)
"""For the kernels of a table: some 40 ms each."""

THOROUGH = Settings(rounds=6, min_time_s=0.1, min_runs=20, warmup_s=0.05)
"""For whole networks that are reported: some 0.7 s each."""

EFFORTS = {"quick": QUICK, "thorough": THOROUGH}
"""The settings by name, as requests to measure elsewhere name them."""


def measure(
    models: Mapping[Signature, bytes], device: Device, settings: Settings = QUICK, *, seed: int = 0
) -> list[LatencyRecord]:
    """Records of all models on device, which must be this machine, and of the empty and the reference model.

    The models are measured in batches of BATCH, each a session of its own. seed orders the rounds. MeasurementError if
    the runtime refuses a model.
    """
    rng = Random(seed)
    return [record for batch in _batches(models) for record in _measure_batch(batch, device, settings, rng)]


def _batches(models: Mapping[Signature, bytes]) -> Iterator[dict[Signature, bytes]]:
    items = iter(models.items())
    while batch := dict(islice(items, BATCH)):
        yield batch


@dataclass(slots=True)
class _Subject:
    """A loaded model with the timings of its rounds in milliseconds, one number a block of runs."""

    run: Callable[[], None]
    runs: int = 1
    wall: list[list[float]] = field(default_factory=list)
    cpu: list[list[float]] = field(default_factory=list)


def _measure_batch(
    batch: Mapping[Signature, bytes], device: Device, settings: Settings, rng: Random
) -> list[LatencyRecord]:
    started_at, before = datetime.now(UTC), environment()
    loader = runtime.make(device.runtime)
    with _no_collection():
        subjects = {
            signature: _warmed_up(loader.load(model, device.threads, device.precision), signature.kind, settings)
            for signature, model in {**batch, **fixed_models()}.items()
        }
        order = list(subjects.values())
        for _ in range(settings.rounds):
            rng.shuffle(order)
            for subject in order:
                _round(subject, settings)
    circumstances = {"before": before, "after": environment(), "cpu_share": _cpu_share(order)}
    session = _session(subjects, device, started_at, circumstances)
    return [_record(signature, subject, session) for signature, subject in subjects.items()]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector out of the timings."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _warmed_up(session: Session, kind: Kind, settings: Settings) -> _Subject:
    run = session.execute if kind is Kind.KERNEL else session.call
    subject = _Subject(run)
    wall, _ = _time(subject, settings.warmup_s, settings.min_runs)
    subject.runs = max(1, round(_CLOCK_SHARE * _clock_cost_ms() / min(wall)))
    return subject


def _round(subject: _Subject, settings: Settings) -> None:
    subject.run()  # brings weights and code back into the caches after the other models
    wall, cpu = _time(subject, settings.min_time_s, settings.min_runs)
    subject.wall.append(wall)
    subject.cpu.append(cpu)


def _time(subject: _Subject, min_time_s: float, min_runs: int) -> tuple[list[float], list[float]]:
    """Wall and thread CPU milliseconds of one run, once for each block of runs."""
    wall: list[float] = []
    cpu: list[float] = []
    run, runs = subject.run, range(subject.runs)
    per_run = _NS_PER_MS * subject.runs
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


def _cpu_share(subjects: Iterable[_Subject]) -> float:
    """Share of the wall time in which the calling thread had a core; below 1, others used the machine."""
    totals = [(sum(map(sum, subject.cpu)), sum(map(sum, subject.wall))) for subject in subjects]
    return round(sum(cpu for cpu, _ in totals) / sum(wall for _, wall in totals), 3)


def _session(
    subjects: Mapping[Signature, _Subject],
    device: Device,
    started_at: datetime,
    circumstances: Mapping[str, object],
) -> MeasurementSession:
    statistic = Statistic.of(device)
    reference = _rounds_ms(subjects[REFERENCE_NETWORK], statistic)
    drift = max(reference) / min(reference) - 1
    steady = drift <= MAX_DRIFT
    return MeasurementSession(
        device=device,
        started_at=started_at,
        harness=HARNESS,
        environment=circumstances,
        empty_ms=min(_rounds_ms(subjects[EMPTY_KERNEL], statistic)),
        reference_ms=min(reference),
        reference_drift=drift,
        state=RecordState.VALID if steady else RecordState.SUSPECT,
        reason=None if steady else f"the reference network drifted by {drift:.1%} between rounds",
    )


def _rounds_ms(subject: _Subject, statistic: Statistic) -> tuple[float, ...]:
    rounds = subject.cpu if statistic is Statistic.CPU_P10_BEST else subject.wall
    return tuple(float(np.quantile(timings, 0.1)) for timings in rounds)


def _record(signature: Signature, subject: _Subject, session: MeasurementSession) -> LatencyRecord:
    statistic = Statistic.of(session.device)
    rounds_ms = _rounds_ms(subject, statistic)
    return LatencyRecord(
        signature=signature,
        session=session,
        statistic=statistic,
        latency_ms=min(rounds_ms),
        rounds_ms=rounds_ms,
        wall=Statistics.of(np.concatenate(subject.wall)),
        cpu=Statistics.of(np.concatenate(subject.cpu)),
        state=session.state,
        reason=session.reason,
    )
