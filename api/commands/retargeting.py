"""`nas search retarget`: the winner of a search for another target or on another device."""

import click

from api.commands.remote import SEARCH, Remote, remote
from nas.retargeting.text import lines


@click.command()
@remote
@SEARCH
@click.option("--target", "target_ms", type=click.FloatRange(1e-6, 1e6), metavar="MS", help="[default: the search's]")
@click.option("--device", help="Any that was measured.  [default: the first of the search]")
def retarget(service: Remote, search: str, target_ms: float | None, device: str | None) -> None:
    """The best of the networks trained so far for another target, or on another device. Nothing is trained.

    The search's objective and limits decide, with that target. Latencies on a device that the search did not have are
    estimated from what was measured on it.
    """
    found = service.find(search).winner(target_ms, device=device).model_dump(mode="json")
    service.show(found, "\n".join(lines(found)))
