"""`nas retarget`: the winner of a run for another target or on another device."""

import json
from pathlib import Path

import click
from rich.console import Console

from latency_db.estimating.space_latencies import space_latencies
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.retargeting.answer import Answer, answer
from nas.retargeting.text import lines
from workers.folder_run.console import ConsoleListener
from workers.folder_run.fresh_run import fresh_run
from workers.folder_run.run import run as run_search
from workers.folder_run.trained_run import trained_run


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", "target_ms", type=click.FloatRange(1e-6, 1e6), metavar="MS", help="[default: the run's]")
@click.option("--device", help="Any that was measured.  [default: the first of the run]")
@click.option(
    "--candidates",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Search anew among N networks, scored with the run's shared weights.  [default: none, only what is scored]",
)
@click.option("--executor", "executor_name", default="process", show_default=True, help="Where they are scored.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def retarget(
    run: Path,
    *,
    target_ms: float | None,
    device: str | None,
    candidates: int | None,
    executor_name: str,
    as_json: bool,
) -> None:
    """The best of the networks in the folder RUN for another target, or on another device. Nothing is trained.

    The run's objective and limits decide, with that target. Latencies on a device that the run did not have are
    estimated from what was measured on it. With --candidates, which needs the evaluator supernet, a search for that
    target and device goes over the run's shared weights, in a folder of its own in RUN; the same question asked again
    is answered from there. `nas search retarget` is the same for a search of a service.
    """
    if candidates is None:
        found, folder = _among_trained(run, target_ms, device), run
    else:
        spec, folder = fresh_run(run, device=device, target_ms=target_ms, candidates=candidates)
        with ConsoleListener(Console(stderr=True)).drawn() as listener:
            run_search(spec, folder, listener, executor_name=executor_name)
        found = _among_trained(folder, None, None)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), **found.describe()}, indent=1))
    else:
        click.echo("\n".join([*([f"Searched anew: {folder}"] if candidates else []), *lines(found.describe())]))


def _among_trained(run: Path, target_ms: float | None, device: str | None) -> Answer:
    trained = trained_run(run)
    name = device or trained.devices[0].name
    estimates = None
    if trained.device(name) is None:
        store = Store()
        estimates = space_latencies(store, find_device(store, name), trained.space, trained.codes)
    return answer(trained, name, target_ms or trained.target_ms(name), estimates)
