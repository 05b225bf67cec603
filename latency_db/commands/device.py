"""`nas device`: devices, what is measured on them, and measuring more."""

import json
from dataclasses import asdict

import click

from latency_db.commands.duration import Duration
from latency_db.commands.progress import progress_bar


@click.group()
def device() -> None:
    """Devices and the latencies measured on them."""


@device.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_devices(*, as_json: bool) -> None:
    """List this machine's devices and all that were measured."""
    from latency_db.catalogue import device_rows  # noqa: PLC0415 - `nas --help` stays fast
    from latency_db.store import Store  # noqa: PLC0415 - as above

    rows = device_rows(Store())
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table("device", "runtime", "kernels", "networks", "sessions", "suspect", "last measured")
    table.columns[0].no_wrap = True
    for row in rows:
        runtime = f"{row['runtime']} {row['runtime_version']}"
        counts = (str(row[name]) for name in ("kernels", "networks", "sessions", "suspect_sessions"))
        table.add_row(row["name"], runtime, *counts, (row["last_measured_at"] or "never")[:10])
    Console().print(table)


@device.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, *, as_json: bool) -> None:
    """Show what is known of device NAME: its fingerprint, its statistic and its latest sessions."""
    from latency_db.catalogue import device_row  # noqa: PLC0415 - `nas --help` stays fast
    from latency_db.store import Store  # noqa: PLC0415 - as above

    row = device_row(Store(), name)
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    facts = row.pop("fingerprint")
    sessions = row.pop("latest_sessions")
    for fact, value in {**row, **facts}.items():
        click.echo(f"{fact:18} {'none' if value is None else value}")
    for session in sessions:
        click.echo(
            f"session {session['started_at']}: {session['state']}, empty run {session['empty_ms']:.4f} ms, reference "
            f"{session['reference_ms']:.4f} ms, drift {session['reference_drift']:.1%}"
        )


@device.command("measure")
@click.argument("name")
@click.option("--space", "source", required=True, help="A space's name or file; its kernels are measured.")
@click.option("--budget", type=Duration(), default="3m", show_default=True, help="Time to measure, such as 90s or 20m.")
@click.option("--dataset", "dataset_name", help="Measure the space as a search on this data set sees it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def measure(name: str, *, source: str, budget: float, dataset_name: str | None, as_json: bool) -> None:
    """Measure the kernels that a space asks for, most frequent first. Call again to go on."""
    from latency_db.catalogue import find_device  # noqa: PLC0415 - `nas --help` stays fast
    from latency_db.estimate import Estimator  # noqa: PLC0415 - as above
    from latency_db.store import Store  # noqa: PLC0415 - as above
    from latency_db.table import build_table  # noqa: PLC0415 - as above
    from nas.spaces import load_space  # noqa: PLC0415 - as above

    store = Store()
    space = load_space(source)
    if dataset_name:
        from nas.dataset import dataset  # noqa: PLC0415 - as above

        images = dataset.make(dataset_name).load(0)
        space = space.for_images(images.channels, images.side, len(images.classes))
    estimator = Estimator(store, find_device(store, name))
    with progress_bar("kernels", shown=not as_json) as bar:
        report = build_table(estimator, space, budget_s=budget, progress=bar)
    if as_json:
        click.echo(json.dumps({**asdict(report), "missing": report.missing}, indent=2))
        return
    click.echo(
        f"{report.measured_now} of {report.kernels} kernels measured now, {report.measured_before} before, "
        f"{report.missing} missing; a random network finds {report.coverage:.1%} of its kernels"
    )
