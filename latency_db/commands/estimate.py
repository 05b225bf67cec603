"""`nas latency estimate` and `nas latency validate`: the latency of a network, and the errors of such estimates."""

import json
from dataclasses import asdict
from math import isnan
from pathlib import Path

import click

from latency_db.commands.measuring import NOISY, check_quiet, measurer_of
from latency_db.commands.progress import progress_bar
from latency_db.estimating.estimate import Estimate
from latency_db.validating.scores import table
from latency_db.validating.validation import Plan, Validation, validate_estimates
from nas.network import read_network_or_name
from nas.spaces import load_space

_DEVICE = click.option("--device", "device_name", required=True, help="Name of the device, as in `nas device list`.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("estimate")
@click.argument("network")
@_DEVICE
@click.option("--width", type=float, help="Of a network by name: the multiplier of its channels.")
@click.option("--resolution", type=int, help="Of a network by name: height and width of its input in pixels.")
@click.option("--classes", type=int, help="Of a network by name: scores of its output.")
@_JSON
def estimate(network: str, device_name: str, *, as_json: bool, **parameters: float | None) -> None:
    """Say how long NETWORK takes on a device: a name of `nas network`, the notation, or an ONNX file.

    The latency of a network is estimated from earlier measurements, and nothing is measured now. An ONNX file that was
    not measured yet is measured end to end.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    measurer, file = measurer_of(device_name), Path(network)
    if file.suffix == ".onnx":
        if given:
            raise click.UsageError(f"--{next(iter(given))} goes with the name of a network, not with a file")
        found = measurer.estimate_file(_read(file))
    else:
        found = measurer.estimator.estimate(read_network_or_name(network, given))
    if as_json:
        click.echo(json.dumps({"device": device_name, **found.plain()}, indent=2))
        return
    click.echo(_text(found))


@click.command("validate")
@_DEVICE
@click.option("--space", "source", required=True, help="A space's name or file; networks are drawn from it.")
@click.option("--networks", type=click.IntRange(2), default=100, show_default=True, help="Networks that are compared.")
@click.option(
    "--calibrate", type=click.IntRange(0), default=20, show_default=True, help="Networks to calibrate by, first."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random networks.")
@NOISY
@_JSON
def validate(
    device_name: str, *, source: str, networks: int, calibrate: int, seed: int, noisy: bool, as_json: bool
) -> None:
    """Estimate random networks of a space, measure them end to end, and print the errors of the estimates.

    Missing kernels are measured first, and some networks to calibrate by. All measurements are kept.
    """
    measurer, space = measurer_of(device_name), load_space(source)
    check_quiet(measurer, noisy=noisy)
    with progress_bar("networks", shown=not as_json) as bar:
        found = validate_estimates(measurer, space, Plan(networks, calibrate, seed), progress=bar)
    if as_json:
        click.echo(json.dumps({"device": device_name, **asdict(found)}, indent=2))
        return
    _print(found)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.FileError(str(file), hint=error.strerror or str(error)) from None


def _text(found: Estimate) -> str:
    interval = "" if isnan(found.low_ms) else f" ({found.low_ms:.4g} to {found.high_ms:.4g})"
    rests = {"measured": found.measured, "interpolated": found.interpolated, "learned": found.learned}
    shares = ", ".join(f"{share:.1%} {name}" for name, share in rests.items() if share)
    suspect = f"; {found.suspect} records are suspect" if found.suspect else ""
    kernels = f", {found.kernels} kernels" if found.kernels else ""
    return f"{found.ms:.4g} ms{interval}: {found.source}{kernels}; {shares}{suspect}"


def _print(found: Validation) -> None:
    click.echo(
        f"{found.networks} networks of {found.space}, {found.fastest_ms:.3g} to {found.slowest_ms:.3g} ms; "
        f"{found.kernels_measured} kernels were measured now; {found.calibrating} networks calibrate\n"
    )
    click.echo(table(found.scores))
