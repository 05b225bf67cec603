"""Known devices as JSON values: their description, and how much was measured on them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from latency_db.devices.device import MEASURED, Device
from latency_db.records.record import MeasurementSession, RecordState, Statistic
from latency_db.storing.known_devices import find_device, known_devices, targets_by_name
from latency_db.storing.store import Store
from latency_db.storing.summaries import TargetSummary
from latency_db.validating.track_record import track_record

SESSIONS_SHOWN = 5
HOW = ("runtime", "runtime_version", "precision", "threads")
SESSION = ("harness", "empty_ms", "reference_ms", "reference_drift", "state", "reason")
COUNTS = ("kernels", "networks", "samples", "sessions", "suspect_sessions")


def device_rows(store: Store) -> list[dict[str, Any]]:
    """All known devices, with a summary of their measurements."""
    measured = targets_by_name(store.devices())
    return [_row(name, known, measured.get(name, [])) for name, known in known_devices(measured).items()]


def device_row(store: Store, name: str) -> dict[str, Any]:
    """One device as JSON values, with its track record and latest sessions; UnknownNameError lists all devices."""
    found = find_device(store, name)
    row = _row(name, found, targets_by_name(store.devices()).get(name, []))
    sessions = [_session(session) for session in store.sessions(found, SESSIONS_SHOWN)]
    return row | {"track_record": track_record(store, found).plain(), "latest_sessions": sessions}


def _row(name: str, known: Device, summaries: Sequence[TargetSummary]) -> dict[str, Any]:
    """The counts are those of the device as it is now; its targets are these and those of other versions."""
    own = next((summary for summary in summaries if replace(summary.device, name=known.name) == known), None)
    last = own.last_measured_at if own else None
    statistics = [Statistic.of(known)] if known.source == MEASURED else map(Statistic, own.statistics if own else ())
    return {
        "name": name,
        **{fact: getattr(known, fact) for fact in HOW},
        "fingerprint_id": known.id,
        "fingerprint": dict(known.fingerprint),
        **{count: getattr(own, count) if own else 0 for count in COUNTS},
        "last_measured_at": last.isoformat(timespec="seconds") if last else None,
        "statistic": "; ".join(statistic.meaning for statistic in statistics) or "none",
        "former_names": list(own.former_names) if own else [],
        "targets": [_target(summary, known) for summary in summaries],
    }


def _target(summary: TargetSummary, known: Device) -> dict[str, Any]:
    """One target, with its estimates by state. Those of another version than the device's are stale."""
    device, states = summary.device, dict(summary.states)
    newer = summary.superseded_by
    if newer is None and device.runtime_version != known.runtime_version:
        newer = known.runtime_version  # of this machine, which has not been measured with it yet
        states = dict.fromkeys(states, 0) | {RecordState.REJECTED: states[RecordState.REJECTED]}
        states[RecordState.STALE] = sum(summary.states.values()) - states[RecordState.REJECTED]
    last = summary.last_measured_at
    return {
        **{fact: getattr(device, fact) for fact in (*HOW, "batch", "layout", "source")},
        "licences": list(summary.licences),
        **{state.value: count for state, count in states.items()},
        "stale_because": f"the machine has {device.runtime} {newer} now" if newer else None,
        "statistics": list(summary.statistics),
        "last_measured_at": last.isoformat(timespec="seconds") if last else None,
    }


def _session(session: MeasurementSession) -> dict[str, Any]:
    return {
        "started_at": session.started_at.isoformat(timespec="seconds"),
        **{fact: getattr(session, fact) for fact in SESSION},
        "environment": dict(session.environment),
    }
