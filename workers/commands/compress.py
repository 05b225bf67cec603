"""`nas compress` with the latency database: what nas.commands.compress does, and for a latency on a device."""

from typing import Any

import click

from latency_db.commands.measuring import NOISY, check_quiet
from latency_db.profiling.mixed_networks import MixedTarget
from latency_db.storing.store import Store
from nas.command_line.latency_options import latency_options
from nas.commands.compress import compress as without_latency


@click.command(params=list(without_latency.params))
@latency_options(
    "Of an image on --latency-device; with --preset int8, of which blocks then stay in floats where they can."
)
@NOISY
@click.pass_context
def compress(
    context: click.Context, /, *, max_latency_ms: float | None, latency_device: str | None, noisy: bool, **others: Any
) -> None:
    """Make MODEL smaller: an ONNX file that nas exported, RUN for the best finalist in a folder of `nas run`, RUN:TRIAL
    for that trial, or the name or notation of a network. What has no weights is trained first.

    DIR then holds model.naz, the compressed file; model.onnx, what it unpacks to, which any ONNX runtime runs; and
    report.json. The same command goes on after a kill.
    """
    target = None
    if latency_device is not None:
        target = MixedTarget(Store(), latency_device)
        check_quiet(target.measurer, noisy=noisy)
    context.invoke(without_latency, **others, max_latency_ms=max_latency_ms, target=target)
