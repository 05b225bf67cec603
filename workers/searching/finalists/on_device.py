"""Compressions for a latency: tasks compress, and between them the dispatcher measures what they ask for."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Any

from latency_db.profiling.mixed_networks import MixedTarget
from latency_db.storing.store import Store
from nas.compressing.files import unpacked
from nas.compression.on_device import measured_on
from nas.errors import NasError
from workers.executing.scheduler import Quota
from workers.searching.context import measuring
from workers.tasks.compress import CompressedFiles
from workers.tasks.told_latencies import ToldLatencies, Untold

Submit = Callable[[ToldLatencies | None], Future[Any]]
"""Submits the task compress with these latencies; a later one goes on where the one before ended."""


def check_latency_device(wanted: Mapping[str, Any]) -> None:
    """wanted: a compression, as CompressionRequest.wanted.

    UnknownNameError if there is no device of the name that is in it; NotMeasuredError, with the remedy, if that cannot
    be measured from here.
    """
    if "latency_device" in wanted:
        _target(wanted["latency_device"])


def carried_out(
    compressions: Mapping[str, Submit], wanted: Mapping[str, Any], quota: Quota
) -> Iterator[tuple[str, CompressedFiles | NasError]]:
    """Carry compressions out side by side: the name of each, once it has ended, with its files or why there are none.

    Where they are for a latency, the report says what the file takes on the device.
    """
    told = ToldLatencies(wanted["latency_device"]) if "latency_device" in wanted else None
    left = dict(compressions)
    while left:
        futures, left = {name: submit(told) for name, submit in left.items()}, {}
        if told:
            wait(futures.values())  # what runs would disturb measurements
        for name, future in futures.items():
            try:
                ended = future.result()
                if told:
                    told, ended = _measured(told, ended, quota)
            except NasError as error:
                ended = error
            if isinstance(ended, Untold):
                left[name] = compressions[name]
            else:
                yield name, ended


def _measured(
    told: ToldLatencies, ended: CompressedFiles | Untold, quota: Quota
) -> tuple[ToldLatencies, CompressedFiles | Untold]:
    """With what a task has to be told, or with what the file that it made takes."""
    target = _target(told.name)
    with measuring(quota, target.measurer):
        if isinstance(ended, Untold):
            return told.told(ended, target), ended
        return told, replace(ended, report={**ended.report, "on_device": measured_on(target, unpacked(ended.file))})


def _target(name: str) -> MixedTarget:
    target = MixedTarget(Store(), name)
    target.check_can_measure()
    return target
