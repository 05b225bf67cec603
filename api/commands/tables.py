"""Tables that commands print."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

MAX_WIDTH = 10_000


def table(columns: Iterable[str], rows: Iterable[Iterable[object]], *, left: int = 1) -> None:
    """Print rows with whole cells, so that ids can be copied. The first `left` columns are text, the rest numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        made.add_column(column, justify="left" if place < left else "right", no_wrap=True)
    for row in rows:
        made.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    Console(width=MAX_WIDTH).print(made)


def number(value: Any, form: str) -> str | None:
    """The number in a format, None for none."""
    return None if value is None else format(value, form)
