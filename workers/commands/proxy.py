"""`nas proxy`: whether the short training of trials orders networks as the longer one does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from nas.proxy.request import CheckOptions
from nas.quantities import count, duration, percent
from nas.spec import load_spec
from workers.folder_run.console import ConsoleListener
from workers.folder_run.proxy_check import FILE, check_proxy

_DEFAULTS = CheckOptions()


@click.group()
def proxy() -> None:
    """Check the short training of trials before a search relies on it."""


@proxy.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--candidates",
    type=click.IntRange(4, 100),
    default=_DEFAULTS.candidates,
    show_default=True,
    help="Networks whose two orders are compared.",
)
@click.option(
    "--repeats",
    type=click.IntRange(2, 20),
    default=_DEFAULTS.repeats,
    show_default=True,
    help="Trainings of one network, with a seed each.",
)
@click.option(
    "--longer-epochs", type=click.IntRange(min=1), help="Epochs of the longer training.  [default: as for finalists]"
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Its folder.  [default: SPEC-proxy-check]"
)
@click.option("--executor", "executor_name", default="process", show_default=True, help="Where networks are trained.")
@click.option("--json", "as_json", is_flag=True, help="Print proxy_check.json at the end, and progress to stderr.")
def check(
    spec: Path,
    *,
    candidates: int,
    repeats: int,
    longer_epochs: int | None,
    out: Path | None,
    executor_name: str,
    as_json: bool,
) -> None:
    """Say whether the trials' training of SPEC (YAML or JSON) orders networks as the finalists' does, and what the
    search will cost.

    Networks spread over the space are trained as trials and for longer, one of them repeatedly. Called again with the
    same SPEC and folder, it is resumed.
    """
    options = CheckOptions(candidates=candidates, repeats=repeats, longer_epochs=longer_epochs)
    folder = Path(f"{spec.stem}-proxy-check") if out is None else out
    console = Console(stderr=as_json)
    with ConsoleListener(console).drawn() as listener:
        found = check_proxy(load_spec(spec), options, folder, listener, executor_name=executor_name)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    console.print(_table(found))
    console.print(_said(found, folder / FILE), soft_wrap=True, highlight=False)


def _table(found: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE, title="Networks by multiply-adds", title_justify="left")
    table.add_column("network", no_wrap=True)
    epochs = (f"{found[name]} ep." for name in ("epochs", "longer_epochs"))
    for column in ("MACs", "ms", *(part for each in epochs for part in (each, "place"))):
        table.add_column(column, justify="right", no_wrap=True)
    for row in found["candidates"]:
        latency = row.get("latency_ms")
        scores = [_score(row, "proxy"), _place(row, "proxy"), _score(row, "longer"), _place(row, "longer")]
        table.add_row(row["id"], count(row["macs"]), "" if latency is None else f"{latency:.4f}", *scores)
    return table


def _score(row: Mapping[str, Any], kind: str) -> str:
    accuracy = row.get(f"{kind}_accuracy")
    return "failed" if accuracy is None else percent(accuracy)


def _place(row: Mapping[str, Any], kind: str) -> str:
    return str(row.get(f"{kind}_rank", ""))


def _said(found: Mapping[str, Any], file: Path) -> str:
    lowest, highest = found["verdict_lowest"], found["verdict_highest"]
    between = "" if lowest == highest else f" (the interval: {lowest} to {highest})"
    thresholds = found["thresholds"]
    grades = f"good: tau from {thresholds['good']}, usable: from {thresholds['usable']}"
    lines = [f"The proxy is {found['verdict']}{between}; {grades}. In brackets are 95 % intervals."]
    lines += (f"- {reason}" for reason in found["reasons"])
    if found["remedies"]:
        lines += ["What to do:", *(f"- {remedy}" for remedy in found["remedies"])]
    seconds = found["cost"]["search_seconds"]
    if seconds is not None:
        lines.append(f"The search will take about {duration(seconds)} on {found['cost']['cores']} cores.")
    return "\n".join([*lines, f"All of it: {file}"])
