"""The devices that can be named: those of this machine, and those that the database has records of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from latency_db.devices.device import MEASURED, Device
from latency_db.devices.local import is_local_name, local_device, local_names
from latency_db.storing.store import Store
from latency_db.storing.summaries import TargetSummary

AGENT_FACT = "machine"
"""The fact in the fingerprint of a device with an agent that holds the machine's own id; such names are unique."""


def find_device(store: Store, name: str) -> Device:
    """The device of that name; UnknownNameError lists all names.

    `NAME@MACHINE` is another machine's device, `NAME@SOURCE` one of a published table. Of several versions of the
    runtime, it is the one that the machine has now.
    """
    measured = {known: _current(summaries) for known, summaries in targets_by_name(store.devices()).items()}
    if name in measured and not is_local_name(name):
        return measured[name]
    return local_device(name, known=measured)


def known_devices(measured: Mapping[str, Sequence[TargetSummary]]) -> dict[str, Device]:
    """Devices by name: this machine's devices, measured or not, then the measured ones of other machines.

    measured: as `targets_by_name` returns it.
    """
    local = {name: local_device(name) for name in local_names()}
    return local | {name: _current(summaries) for name, summaries in measured.items() if name not in local}


def targets_by_name(summaries: Sequence[TargetSummary]) -> dict[str, list[TargetSummary]]:
    """The targets of each name: one for each version of the runtime."""
    here = local_device(local_names()[0]).machine_id
    named: dict[str, list[TargetSummary]] = defaultdict(list)
    for summary in summaries:
        named[_name(summary.device, here)].append(summary)
    return named


def _name(device: Device, here: str) -> str:
    if device.source != MEASURED:
        return f"{device.name}@{device.source}"
    is_unique = device.machine_id == here or AGENT_FACT in device.machine
    return device.name if is_unique else f"{device.name}@{device.machine_id}"


def _current(summaries: Sequence[TargetSummary]) -> Device:
    current = [summary.device for summary in summaries if summary.superseded_by is None]
    return current[-1] if current else summaries[-1].device
