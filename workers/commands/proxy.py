"""`nas proxy check`: whether the short training of trials orders networks as the longer one does."""

import json
from pathlib import Path

import click
from rich.console import Console

from nas.proxy.options import CheckOptions
from nas.proxy.text import table, verdict
from nas.spec import load_spec
from workers.folder_run.console import ConsoleListener
from workers.folder_run.proxy_check import FILE, check_proxy

_DEFAULTS = CheckOptions()


@click.command()
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
    console.print(table(found))
    console.print(verdict(found), f"All of it: {folder / FILE}", sep="\n", soft_wrap=True, highlight=False)
