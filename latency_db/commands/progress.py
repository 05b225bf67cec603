"""A progress bar on the terminal; on the error stream, so that the output can be piped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Move(Protocol):
    """Moves a bar."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Move the bar to `done` of `total` and show the note behind it."""


@contextmanager
def progress_bar(what: str, *, shown: bool = True) -> Iterator[Move]:
    """Show a bar while the block runs; gives the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task(what, total=None, note="")

        def move(done: int, total: int, note: str = "") -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield move
