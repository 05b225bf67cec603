"""Measuring: many models side by side, so that a disturbance hits all of them alike, in sessions until they agree.

Each batch of models is a session of its own (latency_db.measuring.session). Models that were not measured often
enough, or whose sessions do not agree, come into further ones, in a new order and loaded anew. Nothing is thrown away.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from random import Random

from latency_db.devices.device import Device
from latency_db.errors import MeasurementError, UnfitMachineError
from latency_db.measuring.session import Bench, Refused
from latency_db.measuring.timing import Settings
from latency_db.records.consensus import agree
from latency_db.records.record import LatencyRecord, RecordState, Signature

__all__ = ["BATCH", "EFFORTS", "QUICK", "THOROUGH", "Settings", "check_fit", "measure"]

BATCH = 64
"""Models loaded at once: bounds memory, and is what one session holds."""

QUICK = Settings(rounds=3, min_time_s=0.008, min_runs=5, warmup_s=0.003)
"""For the kernels of a table: some 40 ms each."""

THOROUGH = Settings(rounds=6, min_time_s=0.1, min_runs=20, warmup_s=0.05, sessions=2, most_sessions=5)
"""For whole networks that are reported: some 1.5 s each, and up to 4 s where sessions do not agree."""

EFFORTS = {"quick": QUICK, "thorough": THOROUGH}
"""The settings by name, as requests to measure elsewhere name them."""

_PROBE = Settings(rounds=5, min_time_s=0.05, min_runs=10, warmup_s=0.02)
_PROBES = 3


def measure(
    models: Mapping[Signature, bytes],
    device: Device,
    settings: Settings = QUICK,
    *,
    seed: int = 0,
    known_ms: float | None = None,
    refused: Refused | None = None,
) -> list[LatencyRecord]:
    """Records of all models on device, which must be this machine, and of the empty and the reference model.

    A model has a record of each session it was in; those of a session on a machine that was not fit are suspect, with
    the reason. seed orders batches and rounds. known_ms: what the reference network took on this device before, if it
    was measured. MeasurementError if the runtime refuses a model, unless refused is given: it is told of each, and the
    others are measured.
    """
    bench = Bench(device, settings, Random(seed), known_ms, refused or _raise)
    found: dict[Signature, list[LatencyRecord]] = {}
    waiting = list(models)
    for number in range(1, settings.most_sessions + 1):
        for batch in _batches(waiting):
            for record in bench.session({signature: models[signature] for signature in batch}):
                found.setdefault(record.signature, []).append(record)
        waiting = [s for s in waiting if s in found and (number < settings.sessions or not agree(found[s]))]
        bench.rng.shuffle(waiting)
    return [record for records in found.values() for record in records]


def check_fit(device: Device, *, known_ms: float | None = None) -> None:
    """UnfitMachineError, with the reason and the remedy, if this machine is too noisy or too hot to measure device."""
    bench = Bench(device, _PROBE, Random(0), known_ms, _raise)
    for _ in range(_PROBES):
        session = bench.session({})[0].session
        if session.state is RecordState.VALID:
            return
    raise UnfitMachineError(
        f"this machine is not fit to measure on now: {session.reason}. Stop other work on it or let it cool, and try "
        "again; or measure all the same with --noisy, and what is not to be trusted is marked as suspect"
    )


def _raise(_: Signature, reason: str) -> None:
    raise MeasurementError(reason)


def _batches(waiting: Iterable[Signature]) -> Iterator[list[Signature]]:
    items = iter(waiting)
    while batch := list(islice(items, BATCH)):
        yield batch
