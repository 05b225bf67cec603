"""`nas proxy submit`, `show`, `list`, `cancel`: proxy checks of a service."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from api.client import ProxyCheck
from api.commands.remote import Remote, remote
from api.commands.tables import table
from nas.proxy.text import table as networks
from nas.proxy.text import verdict
from nas.quantities import duration

CHECK = click.argument("check", metavar="CHECK")
FAILED = ("FAILED", "CANCELLED")


@click.command()
@remote
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--candidates", type=int, help="Networks whose two orders are compared.  [default: 10]")
@click.option("--repeats", type=int, help="Trainings of one network, with a seed each.  [default: 3]")
@click.option("--longer-epochs", type=int, help="Epochs of the longer training.  [default: as for finalists]")
@click.option("--wait", "waited", is_flag=True, help="Wait until it has ended, and print what it has found.")
def submit(
    service: Remote,
    *,
    spec: Path,
    candidates: int | None,
    repeats: int | None,
    longer_epochs: int | None,
    waited: bool,
) -> None:
    """Have a service check the proxy of SPEC, as `nas proxy check` does here.

    The same check, asked for again while it is under way, is that one.
    """
    given = {"candidates": candidates, "repeats": repeats, "longer_epochs": longer_epochs}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    sent = service.client.prepared(spec, **fields)
    effort = service.client.proxy_check_effort(sent)
    if effort.get("seconds") is not None:
        click.echo(f"about {duration(effort['seconds'])} with every worker free", err=True)
    made = service.client.check_proxy(sent)
    if waited:
        click.echo(f"{made.id}  {made.state}", err=True)
        made = service.client.wait_for_proxy_check(made.id)
    _show(service, made)


@click.command()
@remote
@CHECK
def show(service: Remote, check: str) -> None:
    """A proxy check by its id: its state, or what it has found."""
    _show(service, service.client.proxy_check(check))


@click.command("list")
@remote
def list_checks(service: Remote) -> None:
    """The newest proxy checks."""
    found = service.client.proxy_checks()
    rows = [(each["id"], each["state"], each["created_at"][:16].replace("T", " ")) for each in found]
    service.show(found, lambda: table(("id", "state", "created"), rows, left=3))


@click.command()
@remote
@CHECK
def cancel(service: Remote, check: str) -> None:
    """End a proxy check for good; its trainings are kept for others."""
    made = service.client.cancel_proxy_check(check)
    service.show(made.model_dump(mode="json"), f"{made.id}  {made.state}")


def _show(service: Remote, check: ProxyCheck) -> None:
    service.show(check.model_dump(mode="json"), lambda: _print(check))
    if check.state in FAILED:
        raise click.exceptions.Exit(1)


def _print(check: ProxyCheck) -> None:
    click.echo(f"{check.id}  {check.state}" + (f"  {check.reason}" if check.reason else ""))
    if check.result is not None:
        console = Console()
        console.print(networks(check.result))
        console.print(verdict(check.result), soft_wrap=True, highlight=False)
        return
    progress = check.progress or {}
    if progress.get("total"):
        click.echo(f"{progress['what']}: {progress['done']} of {progress['total']}")
    if progress.get("left_s") is not None:
        click.echo(f"about {duration(progress['left_s'])} left")
