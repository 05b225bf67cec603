"""The devices that can be spoken of: this machine's, and those that the database has records of."""

from typing import Any

from latency_db.device import Device, is_local_name, local_device, local_names
from latency_db.records import MeasurementSession, Statistic
from latency_db.store import Store
from latency_db.summaries import TargetSummary

SESSIONS_SHOWN = 5
AGENT_FACT = "machine"
"""In the fingerprint of a device with an agent: the machine's own id. The names of such devices are unique."""

COUNTS = ("kernels", "networks", "samples", "sessions", "suspect_sessions")


def find_device(store: Store, name: str) -> Device:
    """The device of that name; UnknownNameError lists all of them.

    `NAME@MACHINE`, as known_names writes it, is another machine's device. If it was measured with several versions of
    the runtime, the one measured last is meant.
    """
    measured = _measured(store)
    if name in measured and not is_local_name(name):
        return measured[name]
    return local_device(name, known=measured)


def known_devices(store: Store) -> dict[str, Device]:
    """By name: this machine's devices, measured or not, then the measured ones of other machines."""
    local = {name: local_device(name) for name in local_names()}
    return local | {name: device for name, device in _measured(store).items() if name not in local}


def _measured(store: Store) -> dict[str, Device]:
    here = local_device(local_names()[0]).machine_id
    devices = [summary.device for summary in store.devices()]
    unique = {device.id for device in devices if device.machine_id == here or AGENT_FACT in device.machine}
    return {device.name if device.id in unique else f"{device.name}@{device.machine_id}": device for device in devices}


def device_rows(store: Store) -> list[dict[str, Any]]:
    """All known devices as JSON values: what each is, and how much was measured on it."""
    summaries = _summaries(store)
    return [_row(name, known, summaries.get((known.id, known.name))) for name, known in known_devices(store).items()]


def device_row(store: Store, name: str) -> dict[str, Any]:
    """One device as JSON values, with its statistic and its latest sessions; UnknownNameError lists all devices."""
    found = find_device(store, name)
    row = _row(name, found, _summaries(store).get((found.id, found.name)))
    sessions = [_session(session) for session in store.sessions(found, SESSIONS_SHOWN)]
    return {**row, "statistic": Statistic.of(found).meaning, "latest_sessions": sessions}


def _summaries(store: Store) -> dict[tuple[str, str], TargetSummary]:
    return {(summary.device.id, summary.device.name): summary for summary in store.devices()}


def _row(name: str, known: Device, summary: TargetSummary | None) -> dict[str, Any]:
    last = summary.last_measured_at if summary else None
    return {
        "name": name,
        "runtime": known.runtime,
        "runtime_version": known.runtime_version,
        "precision": known.precision,
        "threads": known.threads,
        "fingerprint_id": known.id,
        "fingerprint": dict(known.fingerprint),
        **{count: getattr(summary, count) if summary else 0 for count in COUNTS},
        "last_measured_at": last.isoformat(timespec="seconds") if last else None,
    }


def _session(session: MeasurementSession) -> dict[str, Any]:
    return {
        "started_at": session.started_at.isoformat(timespec="seconds"),
        "harness": session.harness,
        "empty_ms": session.empty_ms,
        "reference_ms": session.reference_ms,
        "reference_drift": session.reference_drift,
        "state": session.state,
        "reason": session.reason,
        "environment": dict(session.environment),
    }
