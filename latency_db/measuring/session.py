"""One session: models loaded side by side on cores of their own, timed in rounds of random order, and judged."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

import numpy as np

from latency_db.devices.device import Device
from latency_db.devices.local import core_count
from latency_db.devices.runtime import LoadedModel, Runtime, runtime
from latency_db.errors import MeasurementError
from latency_db.measuring.conditions import Conditions, doubts
from latency_db.measuring.cores import pinned
from latency_db.measuring.cpu_usage import Usage
from latency_db.measuring.environment import environment, heat
from latency_db.measuring.timing import Settings, Subject
from latency_db.records.record import (
    Kind,
    LatencyRecord,
    MeasurementSession,
    RecordState,
    Signature,
    Statistic,
    Statistics,
)
from latency_db.records.reference_models import EMPTY_KERNEL, FIXED, REFERENCE_NETWORK, fixed_models

HARNESS = "3"
"""Version of this protocol. Raise it whenever the numbers could change."""

T = TypeVar("T")
Refused = Callable[[Signature, str], None]
"""Told of each model that the runtime does not run, with the reason."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the sessions of a measurement have in common. known_ms: the reference network on this device before."""

    device: Device
    settings: Settings
    rng: Random
    known_ms: float | None
    refused: Refused

    def session(self, models: Mapping[Signature, bytes]) -> list[LatencyRecord]:
        """Records of the models that the runtime runs, and of the fixed ones: the empty and the reference model.

        MeasurementError if it does not run those.
        """
        loader = runtime.make(self.device.runtime)
        wanted = {**fixed_models(), **models}
        if loader.suffix != Runtime.suffix:  # converted beforehand, by other processes not to be bound to our cores
            convertible = self._tried(wanted, loader.export)
            wanted = {signature: wanted[signature] for signature in convertible}
        started_at, facts, used, hot = datetime.now(UTC), environment(), Usage.now(), heat()
        with pinned(self.device.threads) as cores, _no_collection():
            loaded = self._tried(wanted, lambda model: loader.load(model, self.device.threads, self.device.precision))
            subjects = self._timed(loaded)
        facts_after, used_after = environment(), Usage.now()
        reference_ms = subjects[REFERENCE_NETWORK].rounds_ms()
        seen = Conditions(
            cores=core_count(),
            others_cores=used_after.others_since(used) if used and used_after else None,
            cpu_share=_cpu_share(subjects.values()),
            heat=hot or heat(),
            throttled=facts_after.get("throttle_count", 0) - facts.get("throttle_count", 0),
            drift=max(reference_ms) / min(reference_ms) - 1,
            reference_ms=min(reference_ms),
            known_ms=self.known_ms,
        )
        told = {"before": facts, "after": facts_after, "cores": list(cores), "placement": _placement(loaded.values())}
        session = _judged(self.device, seen, min(subjects[EMPTY_KERNEL].rounds_ms()), started_at, told)
        return [_record(signature, subject, session) for signature, subject in subjects.items()]

    def _tried(self, models: Mapping[Signature, bytes], make: Callable[[bytes], T]) -> dict[Signature, T]:
        """What can be made of the models; refused is told of the others."""
        made: dict[Signature, T] = {}
        for signature, model in models.items():
            try:
                made[signature] = make(model)
            except MeasurementError as error:
                if signature in FIXED:
                    raise
                self.refused(signature, str(error))
        return made

    def _timed(self, loaded: Mapping[Signature, LoadedModel]) -> dict[Signature, Subject]:
        statistic = Statistic.of(self.device)
        subjects = {
            signature: Subject(session.execute if signature.kind is Kind.KERNEL else session.call, statistic)
            for signature, session in loaded.items()
        }
        order = list(subjects.values())
        for subject in order:
            subject.warm_up(self.settings)
        for _ in range(self.settings.rounds):
            self.rng.shuffle(order)
            for subject in order:
                subject.round(self.settings)
        return subjects


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


def _cpu_share(subjects: Iterable[Subject]) -> float:
    """Share of the wall time in which the calling thread had a core; below 1, others used the machine."""
    totals = [(sum(map(sum, subject.cpu)), sum(map(sum, subject.wall))) for subject in subjects]
    return round(sum(cpu for cpu, _ in totals) / sum(wall for _, wall in totals), 3)


def _placement(sessions: Iterable[LoadedModel]) -> dict[str, int]:
    """How many nodes of all models ran where, as far as the runtime says it."""
    nodes: Counter[str] = Counter()
    for session in sessions:
        nodes.update(session.placement())
    return dict(nodes)


def _judged(
    device: Device, seen: Conditions, empty_ms: float, started_at: datetime, told: Mapping[str, Any]
) -> MeasurementSession:
    reasons = "; ".join(doubts(device, seen))
    others = None if seen.others_cores is None else round(seen.others_cores, 2)
    return MeasurementSession(
        device=device,
        started_at=started_at,
        harness=HARNESS,
        environment={**told, "cpu_share": seen.cpu_share, "others_cores": others},
        empty_ms=empty_ms,
        reference_ms=seen.reference_ms,
        reference_drift=seen.drift,
        state=RecordState.SUSPECT if reasons else RecordState.VALID,
        reason=reasons or None,
    )


def _record(signature: Signature, subject: Subject, session: MeasurementSession) -> LatencyRecord:
    rounds_ms = subject.rounds_ms()
    return LatencyRecord(
        signature=signature,
        session=session,
        statistic=subject.statistic,
        latency_ms=min(rounds_ms),
        rounds_ms=rounds_ms,
        wall=Statistics.of(np.concatenate(subject.wall)),
        cpu=Statistics.of(np.concatenate(subject.cpu)),
        state=session.state,
        reason=session.reason,
    )
