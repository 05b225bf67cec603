"""Freezing: the latencies that estimates on a device are made from, as they are now."""

from latency_db.devices.device import Device
from latency_db.estimating.few_shot import MIN_NETWORKS, devices_with_tables
from latency_db.estimating.predictor import Predictor
from latency_db.storing.frozen import FrozenLatencies
from latency_db.storing.latencies import Latencies


def freeze(latencies: Latencies, device: Device) -> FrozenLatencies:
    """A copy of a device's latencies, from which estimates of any network on it are the same as from these now.

    It holds other devices only where estimates rest on them: few kernels are measured on this one, but whole networks.
    """
    alone = FrozenLatencies.of(latencies, [device])
    predictor = Predictor(alone, device)
    if len(predictor.measured_networks()) < MIN_NETWORKS or predictor.can_interpolate:
        return alone
    return FrozenLatencies.of(latencies, [device, *devices_with_tables(latencies, device)])
