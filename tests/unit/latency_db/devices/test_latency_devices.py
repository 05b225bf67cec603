import pytest

from latency_db.devices.local import is_local, local_device
from latency_db.storing.known_devices import find_device, known_devices, targets_by_name
from nas.errors import UnknownNameError
from nas.machine.cgroup import core_count


def test_a_local_name_has_the_number_of_threads():
    device = local_device("local-cpu-1t")

    assert (device.threads, device.precision, device.runtime) == (1, "fp32", "onnxruntime_cpu")
    assert {"cpu", "cores", "os", "runtime", "runtime_version"} <= set(device.fingerprint)
    assert is_local(device)


@pytest.mark.parametrize("name", ["local-cpu-0t", "local-cpu-t", "local-gpu-1t", "", f"local-cpu-{core_count() + 1}t"])
def test_an_unknown_name_lists_the_known_ones(store, elsewhere, name):
    """This machine has no device with more threads than cores."""
    store.add(elsewhere.empties())

    with pytest.raises(UnknownNameError, match=r"local-cpu-1t.*pocket@"):
        find_device(store, name)


def test_a_measured_device_is_found_by_its_listed_name(store, elsewhere):
    store.add(elsewhere.empties())
    (name,) = (name for name in known_devices(targets_by_name(store.devices())) if name.startswith("pocket"))

    assert find_device(store, name) == elsewhere.device
    assert not is_local(elsewhere.device)


def test_another_runtime_version_is_another_device_on_the_same_machine(elsewhere):
    device = elsewhere.device
    newer = type(device)(device.name, device.runtime, "fp32", 1, {**device.fingerprint, "runtime_version": "1.24.0"})

    assert newer.id != device.id
    assert newer.machine_id == device.machine_id
