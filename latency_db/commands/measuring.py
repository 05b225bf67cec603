"""What commands that measure have in common: the device's measurer, and the option `--noisy`."""

import click

from latency_db.measuring.measure import check_fit
from latency_db.profiling.measurer import Measurer
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store, reference_before

NOISY = click.option("--noisy", is_flag=True, envvar="NAS_NOISY", help="Measure even if the machine is busy or hot.")


def measurer_of(device_name: str) -> Measurer:
    """The measurer of a known device; UnknownNameError lists all devices."""
    store = Store()
    return Measurer(store, find_device(store, device_name))


def check_quiet(measurer: Measurer, *, noisy: bool) -> None:
    """UnfitMachineError if the device is this machine and it is not fit to be measured on; never if noisy."""
    if measurer.is_local and not noisy:
        check_fit(measurer.device, known_ms=reference_before(measurer.store, measurer.device))
