"""`nas space profile`: the spread of costs and latencies in a space, before any search."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from latency_db.commands.measuring import measurer_of
from latency_db.commands.option_types import Duration
from latency_db.commands.progress import progress_bar
from latency_db.profiling.space_profile import profile_latency, profile_space
from nas.spaces import load_space


@click.command()
@click.argument("name")
@click.option("--device", "device_name", help="Profile the latency on this device too.")
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of random samples.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the samples.")
@click.option("--budget", type=Duration(), default="30s", show_default=True, help="Time to measure missing kernels.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def profile(name: str, device_name: str | None, *, count: int, seed: int, budget: float, as_json: bool) -> None:
    """Print the size, the share of valid samples, and the spread of costs of space NAME: is my target within reach?

    With a device on this machine, kernels that were not measured yet are measured first, until the budget is over; the
    latencies are those of the samples whose kernels are measured then.
    """
    space = load_space(name)
    found = profile_space(space, count, seed)
    spreads = {cost: asdict(getattr(found, cost)) for cost in ("params", "macs", "peak_memory_bytes")}
    described: dict[str, Any] = {
        "space": space.name,
        "size": found.size,
        "samples": found.count,
        "valid_share": found.valid_share,
        **spreads,
    }
    if device_name:
        described |= _latency(device_name, found, budget, shown=not as_json)
    click.echo(json.dumps(described, indent=2)) if as_json else _print(described)


def _latency(device_name: str, found: Any, budget: float, *, shown: bool) -> dict[str, Any]:
    measurer = measurer_of(device_name)
    with progress_bar("measuring kernels", shown=shown) as bar:
        latency = profile_latency(measurer, found.networks, budget_s=budget, progress=bar)
    return {
        "latency_ms": asdict(latency.latency_ms),
        "device": device_name,
        "latency_networks": latency.networks,
        "kernels_measured_now": latency.measured_now,
    }


def _print(described: dict[str, Any]) -> None:
    click.echo(
        f"space {described['space']}: {described['size']:,} architectures; "
        f"{described['valid_share']:.1%} of {described['samples']} samples are valid"
    )
    table = Table("", "minimum", "median", "maximum")
    for cost, spread in described.items():
        if isinstance(spread, dict):
            form = ",.4f" if cost == "latency_ms" else ",.0f"
            table.add_row(cost, *(format(value, form) for value in spread.values()))
    Console().print(table)
    if "device" in described:
        click.echo(
            f"latency on {described['device']}: estimated for {described['latency_networks']} networks; "
            f"{described['kernels_measured_now']} kernels were measured for it"
        )
