"""Coverage of a space on a device: how many of its kernels are measured."""

from dataclasses import dataclass

from latency_db.devices.device import Device
from latency_db.estimating.estimator import Estimator
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.storing.store import Store
from nas.space import SearchSpace


@dataclass(frozen=True, slots=True)
class Coverage:
    """coverage: share of the kernels in a random network that are measured."""

    space: str
    kernels: int
    measured: int
    coverage: float


def table_coverage(store: Store, device: Device, space: SearchSpace) -> Coverage:
    frequencies = kernel_frequencies(space)
    missing = Estimator(store, device).unmeasured(frequencies)
    share = 1 - sum(frequencies[kernel] for kernel in missing) / sum(frequencies.values())
    return Coverage(space.name, len(frequencies), len(frequencies) - len(missing), share)
