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
from nas.command_line.set_options import set_options, with_options
from nas.dataset import dataset, resolve
from nas.evaluators.train import RECIPE
from nas.quantities import count as in_short
from nas.quantities import duration
from nas.spaces import load_space
from nas.spec.images import natural_size
from workers.executing.executor import executor
from workers.suggesting.image_profile import Asked, image_profile
from workers.suggesting.suggestion import outline_of


@click.command()
@click.argument("name")
@click.option("--device", "device_name", help="Profile the latency on this device too.")
@click.option("--dataset", "data", metavar="D", help="For these images, as folder:photos: a row for each resolution.")
@set_options
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of random samples.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the samples.")
@click.option("--budget", type=Duration(), default="30s", show_default=True, help="Time to measure missing kernels.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def profile(
    name: str,
    device_name: str | None,
    data: str | None,
    options: tuple[str, ...],
    *,
    count: int,
    seed: int,
    budget: float,
    as_json: bool,
) -> None:
    """Print the size, the share of valid samples, and the spread of costs of space NAME: is my target within reach?

    With a device on this machine, kernels that were not measured yet are measured first, until the budget is over; the
    latencies are those of the samples whose kernels are measured then. With a data set it also says how long a trial
    takes here, by a training of seconds, how many kernels there are, and how long it takes to measure the rest.
    """
    space = load_space(name)
    if data:
        measurer = measurer_of(device_name) if device_name else None
        _on_images(name, data, options, Asked(count, seed, budget, RECIPE, measurer), as_json=as_json)
        return
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


def _on_images(name: str, data: str, options: tuple[str, ...], asked: Asked, *, as_json: bool) -> None:
    images = outline_of(dataset.make(with_options(resolve(data), options)), asked.seed)
    space = load_space(name)
    side = images.side or natural_size(space)
    space = space.for_images(images.channels, side, len(images.classes))
    with executor["process"](1, 1) as pool, Console(stderr=True).status("") as status:
        rows = list(image_profile(space, images, asked, pool, status.update))
    described = {"space": space.name, "dataset": data, "train_images": images.train, "rows": rows}
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    click.echo(f"space {space.name}: {space.size():,} architectures, for {images.train:,} training images of {data}")
    table = Table("px", "MACs", "params", "ms", "kernels", "to measure", "epoch", "trial", box=None)
    for row in rows:
        missing, left_s = row.get("kernels_missing"), row.get("measuring_s")
        left = "" if missing is None else f"{missing:,}" + (f", {duration(left_s)}" if left_s else "")
        table.add_row(
            str(row["resolution"]),
            *(" - ".join(in_short(value) for value in row[cost].values()) for cost in ("macs", "params")),
            " - ".join(f"{value:.3g}" for value in row.get("latency_ms", {}).values()),
            f"{row['kernels']:,}",
            left,
            duration(row["epoch_s"]),
            duration(row["trial_s"]),
        )
    Console().print(table)
    click.echo(
        f"Minimum, median and maximum of {asked.count} random networks. epoch: of the median network on one core, "
        f"timed here now; trial: {asked.recipe.epochs} epochs of all images."
    )


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
