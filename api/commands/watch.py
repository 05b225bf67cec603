"""`nas search watch`: a running search, drawn on a terminal and as lines elsewhere."""

import click
from rich.console import Console
from rich.live import Live

from api.client import Event, Search
from api.commands.picture import Picture
from api.commands.remote import SEARCH, Remote, remote
from api.commands.search_summary import SearchSummary

REDRAWS_A_SECOND = 4
SUCCEEDED = "SUCCEEDED"


@click.command()
@remote
@SEARCH
@click.option("--after", type=click.IntRange(min=0), default=0, help="With --json: events after this one.")
def watch(service: Remote, search: str, after: int) -> None:
    """Follow a search until it has ended. With --json each event is a line.

    The exit code is 0 if the search succeeds, else 1. Interrupting it does not touch the search.
    """
    follow(service, service.find(search), after)


def follow(service: Remote, found: Search, after: int = 0) -> None:
    """Show the events of a search until it has ended; the command fails unless the search has succeeded."""
    summary, console = SearchSummary(found), Console(soft_wrap=True)
    if service.as_json:
        for event in found.watch(after):
            summary.add(event)
            click.echo(event.model_dump_json())
    elif console.is_terminal:
        _draw(found, summary)
    else:
        for event in found.watch():
            _print(summary, event)
    if not summary.ended:
        summary.state = found.refresh().state  # --after its end
    if summary.state != SUCCEEDED:
        raise click.exceptions.Exit(1)


def _print(summary: SearchSummary, event: Event) -> None:
    line = summary.add(event)
    if line:
        click.echo(f"{event.at:%H:%M:%S}  {line}")


def _draw(found: Search, summary: SearchSummary) -> None:
    with Live(Picture(summary), refresh_per_second=REDRAWS_A_SECOND) as live:
        for event in found.watch():
            line = summary.add(event)
            if line and not event.type.startswith("trial."):
                live.console.print(f"{event.at:%H:%M:%S}  {line}", markup=False, highlight=False)
