"""`nas retarget`: the winner of a run for another target or on another device."""

import json
from pathlib import Path

import click

from latency_db.estimating.space_latencies import space_latencies
from latency_db.storing.known_devices import find_device
from latency_db.storing.store import Store
from nas.retargeting.answer import answer
from nas.retargeting.text import lines
from workers.folder_run.trained_run import trained_run


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--target", "target_ms", type=click.FloatRange(1e-6, 1e6), metavar="MS", help="[default: the run's]")
@click.option("--device", help="Any that was measured.  [default: the first of the run]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def retarget(run: Path, target_ms: float | None, device: str | None, *, as_json: bool) -> None:
    """The best of the networks in the folder RUN for another target, or on another device. Nothing is trained.

    The run's objective and limits decide, with that target. Latencies on a device that the run did not have are
    estimated from what was measured on it. `nas search retarget` is the same for a search of a service.
    """
    trained = trained_run(run)
    name = device or trained.devices[0].name
    estimates = None
    if trained.device(name) is None:
        store = Store()
        estimates = space_latencies(store, find_device(store, name), trained.space, trained.codes)
    found = answer(trained, name, target_ms or trained.target_ms(name), estimates).describe()
    click.echo(json.dumps(found, indent=1) if as_json else "\n".join(lines(found)))
