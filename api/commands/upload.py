"""`nas data upload`, `uploads` and `delete`: the data sets that were uploaded to a service."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from api.commands.remote import Remote, remote
from api.commands.tables import table

COLUMNS = ("path", "title", "images", "classes")


class Shown:
    """What has been sent, as a bar on a terminal. sent: whether anything was."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self.sent = False

    def __call__(self, arrived: int, total: int) -> None:
        self.sent = True
        if self._task is None:
            self._task = self._bars.add_task("sending images", total=total)
        unpacked = "  unpacked" if arrived == total else ""
        self._bars.update(self._task, completed=arrived, description=f"sending images{unpacked}")


@contextmanager
def sending() -> Iterator[Shown]:
    """For the time of an upload, what shows it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield Shown(bars)


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--on-damaged",
    type=click.Choice(["refuse", "skip"]),
    default="refuse",
    show_default=True,
    help="Of images that cannot be read: name them all, or leave them out.",
)
@remote
def upload(service: Remote, source: Path, on_damaged: Literal["refuse", "skip"]) -> None:
    """Send the images of SOURCE, a folder with a sub-folder for each class or an archive of one, to the service.

    Images that the service has are not sent again, whether they came as folder, .zip, .tar or .tar.gz; an upload that
    was cut off goes on where it was. The path that is printed goes into a spec.
    """
    with sending() as shown:
        found = service.client.upload(source, shown, on_damaged)
    service.show(found, lambda: _print(found, new=shown.sent))


@click.command()
@click.argument("path", required=False)
@remote
def uploads(service: Remote, path: str | None) -> None:
    """List the data sets that were uploaded to the service, or show the one at PATH."""
    if path is not None:
        one = service.client.uploaded(path)
        service.show(one, lambda: _print(one, new=True))
        return
    found = service.client.uploads()
    rows = ((upload["path"], upload["title"], upload["images"], len(upload["classes"])) for upload in found)
    service.show(found, lambda: table(COLUMNS, rows, left=2))


@click.command()
@click.argument("path")
@remote
def delete(service: Remote, path: str) -> None:
    """Remove the uploaded data set at PATH from the service, unless a search that is not finished uses it.

    PATH is uploads/..., as a spec has it. The images are removed for good.
    """
    service.client.delete_upload(path)
    service.show({"path": path, "deleted": True}, f"{path}  deleted")


def _print(found: Mapping[str, Any], *, new: bool) -> None:
    """What an uploaded data set has, and how a spec names it."""
    click.echo(summary(found) if new else f"{summary(found)}; the service had it already")
    click.echo(f"classes  {', '.join(found['classes'])}")
    click.echo(f"dataset: {{name: {found['name']}, path: {found['path']}}}")
    for note in found["notes"]:
        click.echo(f"note     {note['text']}")


def summary(found: Mapping[str, Any]) -> str:
    """An uploaded data set in one line: its title, its numbers, and what was left out."""
    parts = ", ".join(f"{count:,} {part}" for part, count in found["parts"].items())
    ignored = f"; {found['ignored']:,} other files left out" if found["ignored"] else ""
    return f"{found['title']}: {found['images']:,} images ({parts}) in {len(found['classes'])} classes{ignored}"
