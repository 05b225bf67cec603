"""Measuring many models side by side, so that a disturbance hits all of them alike, in sessions until these agree.

Each batch of models has a session of its own (latency_db.measuring.session). Models with too few sessions, or whose
sessions do not agree, have further ones, in which they are loaded again and in another order. All records are kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from random import Random

from latency_db.devices.device import Device
from latency_db.errors import MeasurementError, UnfitMachineError
from latency_db.measuring.session import OnRefused, SessionRunner
from latency_db.measuring.timing import Effort
from latency_db.records.consensus import agree
from latency_db.records.record import LatencyRecord, RecordState, Signature

__all__ = ["BATCH", "EFFORTS", "QUICK", "THOROUGH", "Effort", "check_fit", "measure"]

BATCH = 64
"""Models in one session; bounds the memory, as all of them are loaded at once."""

QUICK = Effort(rounds=3, min_time_s=0.008, min_runs=5, warmup_s=0.003)
"""Effort for the kernels of a table: some 40 ms each."""

THOROUGH = Effort(rounds=6, min_time_s=0.1, min_runs=20, warmup_s=0.05, sessions=2, most_sessions=5)
"""Effort for whole networks that are reported: some 1.5 s each, and up to 4 s where sessions do not agree."""

EFFORTS = {"quick": QUICK, "thorough": THOROUGH}
"""Efforts by the names that requests to other machines use."""

_PROBE = Effort(rounds=5, min_time_s=0.05, min_runs=10, warmup_s=0.02)
_MAX_PROBES = 3


def measure(
    models: Mapping[Signature, bytes],
    device: Device,
    effort: Effort = QUICK,
    *,
    seed: int = 0,
    known_ms: float | None = None,
    on_refused: OnRefused | None = None,
) -> list[LatencyRecord]:
    """Records of all models on device, which must be this machine, and of the empty and the reference model.

    A model has a record of each session that it was in; those of a session on a machine that was not fit are suspect,
    with the reason. seed: of the order of batches and rounds. known_ms: latency of the reference network on this device
    before, if it was measured. on_refused: called for each model that the runtime refuses, and the others are measured;
    without it, that is a MeasurementError.
    """
    runner = SessionRunner(device, effort, Random(seed), known_ms, on_refused or _raise)
    found: dict[Signature, list[LatencyRecord]] = {}
    waiting = list(models)
    for number in range(1, effort.most_sessions + 1):
        for batch in _batches(waiting):
            for record in runner.run({signature: models[signature] for signature in batch}):
                found.setdefault(record.signature, []).append(record)
        waiting = [s for s in waiting if s in found and (number < effort.sessions or not agree(found[s]))]
        runner.rng.shuffle(waiting)
    return [record for records in found.values() for record in records]


def check_fit(device: Device, *, known_ms: float | None = None) -> None:
    """UnfitMachineError, with the reason and the remedy, if this machine is too noisy or too hot to measure device."""
    runner = SessionRunner(device, _PROBE, Random(0), known_ms, _raise)
    for _ in range(_MAX_PROBES):
        session = runner.run({})[0].session
        if session.state is RecordState.VALID:
            return
    raise UnfitMachineError(
        f"this machine is not fit to measure on now: {session.reason}. Stop other work on it or let it cool, and try "
        "again; or measure anyway with --noisy, which marks the records as suspect"
    )


def _raise(_: Signature, reason: str) -> None:
    raise MeasurementError(reason)


def _batches(waiting: Iterable[Signature]) -> Iterator[list[Signature]]:
    items = iter(waiting)
    while batch := list(islice(items, BATCH)):
        yield batch
