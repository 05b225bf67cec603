"""`nas device`: devices, what is measured on them, and measuring more."""

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from latency_db.commands.measuring import NOISY, check_quiet, measurer_of
from latency_db.commands.option_types import Duration, Fraction
from latency_db.commands.progress import Move, progress_bar
from latency_db.commands.shown import brief_uncertainty, calibrated, lines, measured, uncertainty
from latency_db.profiling.build import TableProgress, TableReport, build_table
from latency_db.profiling.coverage import table_coverage
from latency_db.remote.agents import AgentRecord, Agents
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from latency_db.validating.device_rows import device_row, device_rows
from latency_db.validating.validation import measure_random_networks
from nas.commands.ledger import DATABASE, open_ledger
from nas.dataset import dataset
from nas.space import SearchSpace
from nas.spaces import load_space

LONGEST_RUNTIME = len("onnxruntime_cpu")
"""Names up to this length are shown whole on a narrow terminal."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_devices(*, as_json: bool) -> None:
    """List this machine's devices and all that were measured."""
    rows = device_rows(Store())
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("device", "runtime", "measured", "last", pad_edge=False)
    table.columns[0].no_wrap = table.columns[3].no_wrap = True
    table.columns[1].min_width = LONGEST_RUNTIME
    for row in rows:
        for target in row["targets"] or [row]:
            runtime = f"{target['runtime']} {target['runtime_version']} {target['precision']}"
            table.add_row(row["name"], runtime, measured(target), (target["last_measured_at"] or "never")[:10])
    Console().print(table)


@click.command("show")
@click.argument("name")
@click.option("--space", "source", help="A space's name or file: show how much of its table is measured.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, *, source: str | None, as_json: bool) -> None:
    """Show device NAME: its fingerprint, its statistic, its targets and its latest sessions.

    With a space also how much of its table is measured.
    """
    store = Store()
    row = device_row(store, name)
    if source:
        row["table"] = asdict(table_coverage(store, find_device(store, name), load_space(source)))
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    click.echo("\n".join(lines(row)))


@click.command("add")
@click.argument("name")
@DATABASE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(name: str, *, database: str | None, as_json: bool) -> None:
    """Add another machine, NAME, and print the token with which its `nas agent` connects.

    To be called on the machine of the service. The token is printed only now: the database stores its digest.
    """
    with open_ledger(database) as ledger:
        made, token = Agents(Store()).add_with_token(name, ledger.keys)
    _print_token(made, token, as_json=as_json)


@click.command("renew")
@click.argument("name")
@DATABASE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def renew(name: str, *, database: str | None, as_json: bool) -> None:
    """Print a new token for the machine NAME, as when its last one was lost; that one is refused from now on."""
    with open_ledger(database) as ledger:
        made, token = Agents(Store()).renew(name, ledger.keys)
    _print_token(made, token, as_json=as_json)


@click.command("remove")
@click.argument("name")
@DATABASE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def remove(name: str, *, database: str | None, as_json: bool) -> None:
    """Remove the machine NAME: nothing is asked of it any more, and its token is refused. What it measured stays."""
    with open_ledger(database) as ledger:
        gone = Agents(Store()).remove(name, ledger.keys)
    if as_json:
        click.echo(json.dumps({"id": gone.id, "name": gone.name, "removed": True}))
        return
    click.echo(f"{gone.name}  removed; what it measured stays, and `nas device add {gone.name}` adds it again")


@click.command("measure")
@click.argument("name")
@click.option("--space", "source", required=True, help="A space's name or file; its kernels are measured.")
@click.option("--budget", type=Duration(), default="3m", show_default=True, help="Time to measure, such as 90s or 20m.")
@click.option(
    "--good-enough",
    type=Fraction(),
    default="0.5%",
    show_default=True,
    help="Stop when the missing kernels make a random network's estimate less uncertain than this; 0 measures all.",
)
@click.option("--dataset", "dataset_name", help="Measure the space as a search on this data set sees it.")
@click.option("--calibrate", type=click.IntRange(0), default=0, show_default=True, help="Then measure whole networks.")
@NOISY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def measure(
    name: str,
    *,
    source: str,
    budget: float,
    good_enough: float,
    dataset_name: str | None,
    calibrate: int,
    noisy: bool,
    as_json: bool,
) -> None:
    """Measure the kernels of a space, those first that reduce the uncertainty of estimates most. Call again to go on.

    Kernels are interpolated from others before they are measured, and the errors of that are printed.

    Whole networks calibrate the estimates of others: 20 are enough, and take a minute more than the budget. With
    --budget 0 no kernel is measured: estimates are then transferred from other devices whose kernels are measured.

    This machine is measured only while it is quiet and cool, or with --noisy, when disturbed sessions are suspect.

    Another machine is measured by its `nas agent`, for which the command waits.
    """
    space, measurer = _space(source, dataset_name), measurer_of(name)
    check_quiet(measurer, noisy=noisy)
    with progress_bar("kernels", shown=not as_json) as bar:
        report = build_table(measurer, space, budget_s=budget, good_enough=good_enough, progress=_moving(bar, budget))
    if calibrate:
        measure_random_networks(measurer, space, calibrate, whole_only=budget == 0)
    if as_json:
        calibrating = measurer.estimator.calibrating()
        click.echo(json.dumps({**asdict(report), "missing": report.missing, "calibrating": calibrating}, indent=2))
    else:
        _print(report, good_enough)
        if calibrate:
            click.echo(calibrated(name, len(measurer.estimator.predictor.measured_networks()), calibrate))


def _print_token(made: AgentRecord, token: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"id": made.id, "name": made.name, "key_id": made.key_id, "token": token}))
        return
    click.echo(token)
    click.echo(f"{made.name}: on that machine, NAS_API_KEY=TOKEN nas agent --server URL", err=True)


def _moving(bar: Move, budget_s: float) -> TableProgress:
    return lambda table: bar(table.measured, table.kernels, brief_uncertainty(table), table.left_s(budget_s))


def _space(source: str, dataset_name: str | None) -> SearchSpace:
    """The space, as a search on the data set sees it if one is given."""
    space = load_space(source)
    if dataset_name is None:
        return space
    images = dataset.make(dataset_name).load(0)
    return space.for_images(images.channels, images.side, len(images.classes))


def _print(report: TableReport, good_enough: float) -> None:
    click.echo(
        f"{report.measured_now} of {report.kernels} kernels measured now, {report.measured_before} before, "
        f"{report.missing} missing; {report.coverage:.1%} of a random network's kernels are measured"
    )
    if text := uncertainty(report):
        click.echo(text)
    if report.measured_again:
        click.echo(f"{report.measured_again} measured again, because the machine was not steady the first time")
    if report.good_enough:
        click.echo(f"stopped, because this is below {good_enough:.2%} (--good-enough); 0 measures the rest too")
    for kernel, reason in report.refused.items():
        click.echo(f"refused '{kernel}': {reason}")
