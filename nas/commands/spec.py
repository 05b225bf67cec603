"""`nas spec`: what a spec may say."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nas.spec import load_spec
from nas.spec.fields import SpecField, explained, spec_fields


@click.group()
def spec() -> None:
    """Explain the fields of a spec, and check one."""


@spec.command()
@click.argument("field", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(field: str | None, *, as_json: bool) -> None:
    """Explain FIELD of a spec, as `max_trials`, `finalists.epochs` or `evolution`; without FIELD, list all of them.

    The same is in docs/spec.md.
    """
    found = explained(field) if field else spec_fields()
    if as_json:
        click.echo(json.dumps([asdict(each) | {"name": each.name} for each in found], indent=2, ensure_ascii=False))
    elif field:
        for each in found:
            _print(each)
    else:
        table = Table("field", "default", "meaning", box=None, header_style="bold", pad_edge=False)
        for each in found:
            table.add_row(*map(Text, (each.name, each.default, each.meaning)))
        Console().print(table)


@spec.command()
@click.argument("path", metavar="SPEC", type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the whole spec, defaults included.")
def check(path: str, as_json: bool) -> None:
    """Check SPEC, a YAML or JSON file, without its images: every wrong field is named."""
    found = load_spec(Path(path))
    click.echo(found.model_dump_json(indent=2) if as_json else f"{path} is a spec.")


def _print(field: SpecField) -> None:
    click.secho(field.name, bold=True)
    rows = {
        "write": f"{field.path}, where {field.path.partition('.')[0]} is {field.plugin}" if field.plugin else "",
        "means": field.meaning,
        "default": field.default,
        "values": field.values,
        "change": field.when,
    }
    for label, value in rows.items():
        if value:
            click.echo(f"  {label:<8} {value}")
