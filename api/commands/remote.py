"""What commands share that use a service: its address, which search is meant, how the answer is printed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from api.client import ApiError, Client, DamagedError, Search, UnreachableError, WaitTimeoutError
from nas.errors import SpecError

PATIENCE_S = 3.0
"""Short, as a person waits at a terminal."""

REFUSED = range(400, 500)
BUSY = 429
ID_PREFIX = "srch_"
ID_LENGTH = len(ID_PREFIX) + 26

SEARCH = click.argument("search", metavar="SEARCH")
"""For a command on one search."""


class Remote:
    """A service, and how the command's answer is printed."""

    def __init__(self, client: Client, *, as_json: bool) -> None:
        self.client = client
        self.as_json = as_json

    def find(self, text: str) -> Search:
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
        with failures(), Client(url, key, patience_s=PATIENCE_S) as client:
            command(Remote(client, as_json=as_json), **options)

    return wrapped


@contextmanager
def failures() -> Iterator[None]:
    """The exit code is 1 if the service fails or cannot be reached, 2 if it refuses the input."""
    try:
        yield
    except (UnreachableError, DamagedError, WaitTimeoutError) as error:
        raise click.ClickException(str(error)) from None
    except ApiError as error:
        if error.status not in REFUSED or error.status == BUSY:
            raise click.ClickException(str(error)) from None
        raise
