"""`nas search watch`: a search as it goes on, drawn on a terminal, as lines elsewhere."""

from typing import TYPE_CHECKING

import click

from api.commands.remote import SEARCH, Remote, remote

if TYPE_CHECKING:
    from api.client import Event, Search
    from api.commands.search_summary import Story

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


def follow(service: Remote, found: "Search", after: int = 0) -> None:
    """Show the events of a search until it has ended; the command fails unless the search has succeeded."""
    from rich.console import Console  # noqa: PLC0415 - keeps `nas --help` fast

    from api.commands.search_summary import Story  # noqa: PLC0415 - as above

    story, console = Story(found), Console(soft_wrap=True)
    if service.as_json:
        for event in found.watch(after):
            story.add(event)
            click.echo(event.model_dump_json())
    elif console.is_terminal:
        _draw(found, story)
    else:
        for event in found.watch():
            _say(story, event)
    if not story.ended:
        story.state = found.refresh().state  # --after its end
    if story.state != SUCCEEDED:
        raise click.exceptions.Exit(1)


def _say(story: "Story", event: "Event") -> None:
    line = story.add(event)
    if line:
        click.echo(f"{event.at:%H:%M:%S}  {line}")


def _draw(found: "Search", story: "Story") -> None:
    from rich.live import Live  # noqa: PLC0415 - keeps `nas --help` fast

    from api.commands.picture import Picture  # noqa: PLC0415 - as above

    with Live(Picture(story), refresh_per_second=REDRAWS_A_SECOND) as live:
        for event in found.watch():
            line = story.add(event)
            if line and not event.type.startswith("trial."):
                live.console.print(f"{event.at:%H:%M:%S}  {line}", markup=False, highlight=False)
