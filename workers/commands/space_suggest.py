"""`nas space suggest`: a spec that fits images, device, target and the time at hand."""

import json
import os
from pathlib import Path
from typing import Any

import click
import yaml
from rich.console import Console
from rich.table import Table

from latency_db.commands.measuring import measurer_of
from nas.command_line.set_options import set_options, with_options
from nas.dataset import resolve
from nas.machine.cgroup import core_count
from nas.quantities import HOUR_S, count, duration
from nas.spec import parse_spec
from workers.executing.executor import executor
from workers.executing.scheduler import Scheduler
from workers.folder_run.console import ConsoleListener
from workers.suggesting.suggestion import Suggestion, Wanted
from workers.suggesting.suggestion import suggest as find


@click.command()
@click.argument("data", metavar="DATASET")
@set_options
@click.option("--device", default="local-cpu-1t", show_default=True, help="Where latency counts.")
@click.option("--target", metavar="MS", type=click.FloatRange(0, min_open=True), help="Latency to keep, in ms.")
@click.option("--hours", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="Time at hand.")
@click.option("--parallel", type=click.IntRange(1), help="Trainings at a time.  [default: the cores of this machine]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the spec here, for `nas run`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def suggest(
    data: str,
    options: tuple[str, ...],
    *,
    device: str,
    target: float | None,
    hours: float,
    parallel: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say which space, resolution, epochs and number of trials fit the time at hand on this machine.

    DATASET is one of `nas data list`, or folder:PATH. Latencies of random networks are measured, and trainings of
    seconds timed, so that it takes a minute or two.
    """
    wanted = Wanted(_absolute(with_options(resolve(data), options)), device, target, hours * HOUR_S, seed)
    workers = parallel or core_count()
    threads = max(1, core_count() // workers)
    with executor["process"](workers, threads) as pool, ConsoleListener(Console(stderr=True)).drawn() as listener:
        found = find(wanted, measurer_of(device), Scheduler(pool).quota(), listener)
    parse_spec(found.spec)
    if out:
        _write(found, out)
    if as_json:
        click.echo(json.dumps({**found.describe(), "out": out and str(out)}, indent=2))
        return
    _print(found, hours)
    if out:
        run = out.with_suffix("")
        click.echo(f"\n{out} is written: nas run {out} --out runs/{run.name}, or nas search submit {out}")
    else:
        click.echo("\n" + _yaml(found.spec), nl=False)


def _absolute(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "path": str(Path(config["path"]).resolve())} if config.get("name") == "folder" else config


def _yaml(spec: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(spec, sort_keys=False, default_flow_style=None, width=120)
    return text


def _write(found: Suggestion, out: Path) -> None:
    """Paths in a spec are relative to its file."""
    spec, images = found.spec, found.spec["dataset"]
    if images["name"] == "folder":
        spec = {**spec, "dataset": {**images, "path": os.path.relpath(images["path"], out.parent.resolve())}}
    head = [f"# {line}" for line in ("Written by `nas space suggest`.", *found.notes)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("\n".join([*head, _yaml(spec)]), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}; name another --out") from None


def _print(found: Suggestion, hours: float) -> None:
    table = Table("", "space", "px", "MACs", "ms", "within", "epoch", "epochs", box=None)
    for offer in found.offers:
        row = offer.describe()
        table.add_row(
            "->" if offer is found.chosen else "",
            row["space"],
            str(row["resolution"]),
            " - ".join(count(value) for value in row["macs"]),
            " - ".join(f"{value:.3g}" for value in row["latency_ms"]),
            f"{row['within_target']:.0%}",
            duration(offer.epoch_s),
            f"{row['final_epochs']} of {row['wanted_epochs']}",
        )
    console = Console()
    console.print(table)
    steps = ", ".join(f"{name.lower()} {duration(seconds)}" for name, seconds in found.steps_s.items())
    console.print(
        "within: networks that meet the target. epoch: of the slowest of these, on all images, timed here now. epochs: "
        "those that fit for finalists, of those that they should have (more fit where the first number is larger). "
        f"In {duration(HOUR_S * hours)} fit {found.spec['max_trials']} trials of {found.spec['evaluator']['epochs']} "
        f"epochs and {found.spec['finalists']['count']} finalists of {found.spec['finalists']['epochs']}: {steps}.",
        soft_wrap=True,
        highlight=False,
    )
    for note in found.notes:
        console.print(f"note: {note}", soft_wrap=True, highlight=False)
