"""What the commands share that speak to a service: where it is, which search is meant, how things are printed."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from nas.errors import SpecError

if TYPE_CHECKING:
    from api.client import Client, Search

PATIENCE_S = 3.0
"""Somebody waits at a terminal."""

WIDEST = 10_000

REFUSED = range(400, 500)
BUSY = 429
ID_PREFIX = "srch_"
ID_LENGTH = len(ID_PREFIX) + 26

SEARCH = click.argument("search", metavar="SEARCH")
"""For a command on one search."""


class Remote:
    """A service, and how the command's answer is printed."""

    def __init__(self, client: "Client", *, as_json: bool) -> None:
        self.client = client
        self.as_json = as_json

    def find(self, text: str) -> "Search":
        """The search of an id, of the unique beginning of one, or the `latest`; with its spec. SpecError if unclear."""
        if text == "latest":
            for newest in self.client.searches():
                return self.client.search(newest.id)
            raise SpecError("there are no searches yet; `nas search submit SPEC` makes one")
        if len(text) == ID_LENGTH and text.startswith(ID_PREFIX):
            return self.client.search(text)
        start = ID_PREFIX + text.removeprefix(ID_PREFIX)
        found = [s for s in self.client.searches() if s.id.startswith(start)]
        if len(found) == 1:
            return self.client.search(found[0].id)
        if not found:
            raise SpecError(f"no search {text!r}; `nas search list` shows them")
        raise SpecError(
            f"{len(found)} searches begin with {text!r}: {', '.join(s.id for s in found[:5])}; give more of it"
        )

    def show(self, value: Any, text: str | Callable[[], None]) -> None:
        """Print value as JSON, or the text for people."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False))
        elif callable(text):
            text()
        else:
            click.echo(text)


def remote(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a service, and the Remote they make as first argument."""

    @click.option("--url", help="The service.  [default: NAS_URL, or http://127.0.0.1:8000]")
    @click.option("--key", help="API key; better in NAS_API_KEY, where other users of the machine do not see it.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(command)
    def wrapped(*, url: str | None, key: str | None, as_json: bool, **options: Any) -> None:
        from api.client import Client  # noqa: PLC0415 - keeps `nas --help` fast

        with failures(), Client(url, key, patience_s=PATIENCE_S) as client:
            command(Remote(client, as_json=as_json), **options)

    return wrapped


@contextmanager
def failures() -> Iterator[None]:
    """A service that fails or is away ends the command with 1; what it refuses is wrong input, and ends it with 2."""
    from api.client import ApiError, DamagedError, UnreachableError, WaitTimeoutError  # noqa: PLC0415 - as above

    try:
        yield
    except (UnreachableError, DamagedError, WaitTimeoutError) as error:
        raise click.ClickException(str(error)) from None
    except ApiError as error:
        if error.status not in REFUSED or error.status == BUSY:
            raise click.ClickException(str(error)) from None
        raise


def table(columns: Iterable[str], rows: Iterable[Iterable[object]], *, left: int = 1) -> None:
    """Print rows, none cut to fit, as ids are to be copied. The first `left` columns are text, the rest numbers."""
    from rich.console import Console  # noqa: PLC0415 - keeps `nas --help` fast
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        made.add_column(column, justify="left" if place < left else "right", no_wrap=True)
    for row in rows:
        made.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    Console(width=WIDEST).print(made)


def number(value: Any, form: str) -> str | None:
    """The number in a format, None for none."""
    return None if value is None else format(value, form)
