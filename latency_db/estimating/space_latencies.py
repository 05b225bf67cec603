"""Estimates of many networks of a space on one device, as it is measured now."""

from latency_db.devices.device import Device
from latency_db.estimating.freezing import freeze
from latency_db.estimating.oracle import SpaceOracle
from latency_db.storing.latencies import Latencies
from nas.asking.codes import Codes
from nas.errors import NotMeasuredError
from nas.metric import is_of_device
from nas.space import SearchSpace
from nas.trial import Columns


def space_latencies(latencies: Latencies, device: Device, space: SearchSpace, codes: Codes) -> Columns:
    """Latencies in ms with their intervals, [n] a column for codes [n, decisions]; NaN where there is no estimate.

    NotMeasuredError if the device has too few records for any.
    """
    columns = SpaceOracle(space, freeze(latencies, device))(codes)
    found = {name: values for name, values in columns.items() if is_of_device(name)}
    if not found:
        raise NotMeasuredError(
            f"too little was measured on {device.name} for an estimate of these networks; measure them with "
            f"`nas device measure {device.name} --space NAME`"
        )
    return found
