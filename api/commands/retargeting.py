"""`nas search retarget`: the winner of a search for another target or on another device."""

import click

from api.client import Search
from api.commands.remote import SEARCH, Remote, remote
from api.commands.watch import follow
from nas.retargeting.text import lines


@click.command()
@remote
@SEARCH
@click.option("--target", "target_ms", type=click.FloatRange(1e-6, 1e6), metavar="MS", help="[default: the search's]")
@click.option("--device", help="Any that was measured.  [default: the first of the search]")
@click.option(
    "--candidates",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Make a search among N networks, scored with the shared weights.  [default: none, only what is scored]",
)
@click.option("--watch", "watched", is_flag=True, help="With --candidates: follow it, and say who has won.")
def retarget(
    service: Remote,
    *,
    search: str,
    target_ms: float | None,
    device: str | None,
    candidates: int | None,
    watched: bool,
) -> None:
    """The best of the networks trained so far for another target, or on another device. Nothing is trained.

    The search's objective and limits decide, with that target. Latencies on a device that the search did not have are
    estimated from what was measured on it. With --candidates, which needs the evaluator supernet, a new search for that
    target and device goes over the shared weights.
    """
    found = service.find(search)
    if candidates is None:
        if watched:
            raise click.UsageError("--watch follows a new search: give --candidates, too")
        _show(service, found, target_ms, device)
        return
    made = found.retarget(target_ms, device=device, candidates=candidates)
    service.show(made.model_dump(mode="json"), f"{made.id}  {made.state}")
    if watched:
        follow(service, made)
        _show(service, made, None, None)


def _show(service: Remote, found: Search, target_ms: float | None, device: str | None) -> None:
    answer = found.winner(target_ms, device=device).model_dump(mode="json")
    service.show(answer, "\n".join(lines(answer)))
