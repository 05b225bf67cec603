"""The options of a compression for a latency on a device, which several commands have."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def latency_options(meaning: str) -> Callable[[Command], Command]:
    """Adds --max-latency-ms, whose help says what it means, and --latency-device to a command."""
    of_latency = click.option(
        "--max-latency-ms", type=click.FloatRange(0, 1e6, min_open=True), metavar="MS", help=meaning
    )
    of_device = click.option(
        "--latency-device", metavar="NAME", help="In integers, such as local-onnxruntime_cpu-int8-1t."
    )
    return lambda command: of_latency(of_device(command))
