"""The option `--noisy`: measure on this machine even if it is busy or hot."""

import click

from latency_db.measuring.measure import check_fit
from latency_db.profiling.measurer import Measurer
from latency_db.storing.store import reference_before

NOISY = click.option("--noisy", is_flag=True, envvar="NAS_NOISY", help="Measure even if the machine is busy or hot.")


def check_quiet(measurer: Measurer, *, noisy: bool) -> None:
    """UnfitMachineError if the device is this machine and it is not fit to be measured on; never if noisy."""
    if measurer.is_local and not noisy:
        check_fit(measurer.device, known_ms=reference_before(measurer.store, measurer.device))
