"""`nas doctor`: what is wrong with an installation, and what to do about it."""

import json
from dataclasses import asdict

import click

from api.processes.doctor import checks
from nas.service.settings import read_settings

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def doctor(as_json: bool) -> None:
    """Check this machine: packages, database, disk, cores, Ray, GPU and the service.

    Exit codes: 0 nothing failed (there may be warnings), 1 something did.
    """
    made = []
    for check in checks(read_settings()):
        made.append(check)
        if not as_json:
            click.echo(f"{click.style(f'{check.state:<8}', COLOURS[check.state])} {check.name:<10} {check.detail}")
            if check.remedy:
                click.echo(f"{'':<19} -> {check.remedy}")
    if as_json:
        click.echo(json.dumps([asdict(check) for check in made]))
    if any(check.state == "failed" for check in made):
        raise click.exceptions.Exit(1)
