"""One session: models loaded side by side on fixed cores, timed in rounds of random order, and the machine's conditions
meanwhile.
"""

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
from latency_db.devices.runtime import LoadedModel, Runtime, runtime
from latency_db.errors import MeasurementError
from latency_db.measuring.conditions import Conditions, problems
from latency_db.measuring.cores import pinned
from latency_db.measuring.cpu_usage import Usage
from latency_db.measuring.environment import environment, heat
from latency_db.measuring.timing import Effort, TimedModel
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
from nas.machine.cgroup import allowed_cores

HARNESS = "3"
"""Version of this protocol. Raise it whenever the measured latencies could change."""

T = TypeVar("T")
OnRefused = Callable[[Signature, str], None]
"""Called for each model that the runtime does not run, with the reason."""


@dataclass(frozen=True, slots=True)
class SessionRunner:
    """Runs the sessions of one measurement. rng: of the order of rounds. known_ms: latency of the reference network on
    this device before, if it was measured.
    """

    device: Device
    effort: Effort
    rng: Random
    known_ms: float | None
    on_refused: OnRefused

    def run(self, models: Mapping[Signature, bytes]) -> list[LatencyRecord]:
        """Records of the models that the runtime runs, and of the empty and the reference model.

        MeasurementError if it does not run the latter two.
        """
        loader = runtime.make(self.device.runtime)
        wanted = {**fixed_models(), **models}
        if loader.suffix != Runtime.suffix:  # converters are processes of their own, which are not bound to these cores
            convertible = self._make_each(wanted, loader.export)
            wanted = {signature: wanted[signature] for signature in convertible}
        started_at, before, used, hot = datetime.now(UTC), environment(), Usage.now(), heat()
        with pinned(self.device.threads) as cores, _no_collection():
            loaded = self._make_each(
                wanted, lambda model: loader.load(model, self.device.threads, self.device.precision)
            )
            timed = self._time(loaded)
        after, used_after = environment(), Usage.now()
        reference_ms = timed[REFERENCE_NETWORK].rounds_ms()
        seen = Conditions(
            cores=len(allowed_cores()),
            others_cores=used_after.others_since(used) if used and used_after else None,
            cpu_share=_cpu_share(timed.values()),
            heat=hot or heat(),
            throttled=after.get("throttle_count", 0) - before.get("throttle_count", 0),
            quota_waits=after.get("quota_waits", 0) - before.get("quota_waits", 0),
            drift=max(reference_ms) / min(reference_ms) - 1,
            reference_ms=min(reference_ms),
            known_ms=self.known_ms,
        )
        state = {"before": before, "after": after, "cores": list(cores), "placement": _placement(loaded.values())}
        session = _session_of(self.device, seen, min(timed[EMPTY_KERNEL].rounds_ms()), started_at, state)
        return [_record(signature, model, session) for signature, model in timed.items()]

    def _make_each(self, models: Mapping[Signature, bytes], make: Callable[[bytes], T]) -> dict[Signature, T]:
        """What `make` returns for each model; on_refused is called for those that raise MeasurementError."""
        made: dict[Signature, T] = {}
        for signature, model in models.items():
            try:
                made[signature] = make(model)
            except MeasurementError as error:
                if signature in FIXED:
                    raise
                self.on_refused(signature, str(error))
        return made

    def _time(self, loaded: Mapping[Signature, LoadedModel]) -> dict[Signature, TimedModel]:
        statistic = Statistic.of(self.device)
        timed = {
            signature: TimedModel(model.execute if signature.kind is Kind.KERNEL else model.call, statistic)
            for signature, model in loaded.items()
        }
        order = list(timed.values())
        for model in order:
            model.warm_up(self.effort)
        for _ in range(self.effort.rounds):
            self.rng.shuffle(order)
            for model in order:
                model.round(self.effort)
        return timed


@contextmanager
def _no_collection() -> Iterator[None]:
    """Switch the garbage collector off, which would disturb the timings."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _cpu_share(timed: Iterable[TimedModel]) -> float:
    """Share of the wall time in which the calling thread had a core; below 1, others used the machine."""
    totals = [(sum(map(sum, model.cpu)), sum(map(sum, model.wall))) for model in timed]
    return round(sum(cpu for cpu, _ in totals) / sum(wall for _, wall in totals), 3)


def _placement(loaded: Iterable[LoadedModel]) -> dict[str, int]:
    """Number of nodes of all models by where they ran, as far as the runtime reports it."""
    nodes: Counter[str] = Counter()
    for model in loaded:
        nodes.update(model.placement())
    return dict(nodes)


def _session_of(
    device: Device, seen: Conditions, empty_ms: float, started_at: datetime, state: Mapping[str, Any]
) -> MeasurementSession:
    reasons = "; ".join(problems(device, seen))
    others = None if seen.others_cores is None else round(seen.others_cores, 2)
    return MeasurementSession(
        device=device,
        started_at=started_at,
        harness=HARNESS,
        environment={**state, "cpu_share": seen.cpu_share, "others_cores": others},
        empty_ms=empty_ms,
        reference_ms=seen.reference_ms,
        reference_drift=seen.drift,
        state=RecordState.SUSPECT if reasons else RecordState.VALID,
        reason=reasons or None,
    )


def _record(signature: Signature, model: TimedModel, session: MeasurementSession) -> LatencyRecord:
    rounds_ms = model.rounds_ms()
    return LatencyRecord(
        signature=signature,
        session=session,
        statistic=model.statistic,
        latency_ms=min(rounds_ms),
        rounds_ms=rounds_ms,
        wall=Statistics.of(np.concatenate(model.wall)),
        cpu=Statistics.of(np.concatenate(model.cpu)),
        state=session.state,
        reason=session.reason,
    )
