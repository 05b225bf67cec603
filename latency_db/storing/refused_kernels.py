"""Which kernels a device does not run: those of which a model was refused."""

from collections.abc import Collection

from latency_db.devices.device import Device
from latency_db.records.record import Kind
from latency_db.records.signatures import kernel_signatures
from latency_db.storing.store import Store
from nas.ops.kernels import Kernel


def refused_kernels(store: Store, device: Device, wanted: Collection[Kernel]) -> dict[Kernel, str]:
    """Those of the wanted kernels that the device does not run, with the reasons."""
    reasons = store.refusals(device, Kind.KERNEL) if wanted else {}
    if not reasons:
        return {}
    keys = {kernel: [signature.key for signature in kernel_signatures(kernel)] for kernel in wanted}
    return {kernel: reasons[key] for kernel, both in keys.items() for key in both if key in reasons}
