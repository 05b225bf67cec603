"""The devices that can be spoken of: this machine's, and those that the database has records of."""

from latency_db.device import Device, is_local_name, local_device, local_names
from latency_db.store import Store


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
    return {
        device.name if device.machine_id == here else f"{device.name}@{device.machine_id}": device
        for device in (summary.device for summary in store.devices())
    }
