"""A progress bar on the terminal, lines in a log; on the error stream, so that the output can be piped."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nas.command_line.progress_lines import ProgressLines


class Move(Protocol):
    """Moves a bar."""

    def __call__(self, done: int, total: int, note: str = "", left_s: float | None = None) -> None:
        """Move the bar to `done` of `total` and show the note behind it. left_s: as in ProgressLines.step."""


@contextmanager
def progress_bar(what: str, *, shown: bool = True) -> Iterator[Move]:
    """Show a bar while the block runs, or lines now and then; gives the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(stderr=True)
    lines = ProgressLines(partial(click.echo, err=True))
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(what, total=None, note="")

        def move(done: int, total: int, note: str = "", left_s: float | None = None) -> None:
            bar.update(task, completed=done, total=total, note=note)
            if shown and not console.is_terminal:
                lines.step(what, done, total, left_s)

        yield move
