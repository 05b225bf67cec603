"""After the trials: the best are trained for longer, exported and tested."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, as_completed
from itertools import zip_longest
from typing import Any

from nas.architecture import Architecture
from nas.errors import DivergedError
from nas.files import write_whole
from nas.machine.versions import versions
from nas.metric import Shown, Source, metrics
from nas.objective import Objective
from nas.onnx_file.metadata import annotated
from nas.ops.cost import is_coded
from nas.ops.diagram import diagram
from nas.ops.notation import write_network
from nas.trial import Trial
from workers.searching.context import SearchContext, epoch_listener
from workers.searching.finalists.compressed_files import is_compressed, naz_file, naz_row, write_compressed
from workers.searching.finalists.files import network_file
from workers.searching.teaching import NAME as TEACHER
from workers.searching.teaching import of_files
from workers.tasks.train import Final, Finalised, finalise

Row = dict[str, Any]


def in_turn(best: Sequence[Trial], objective: Objective) -> list[Trial]:
    """The trials with the best within the target of the first device first, then that of the second, and so on, where
    the search is for the front of several devices.
    """
    if len(objective.goals) == 1 or len(objective.targets) == 1:
        return [*best]
    within = (
        [trial for trial in best if trial.metrics[latency] <= target_ms]
        for latency, target_ms in objective.targets.items()
    )
    turns = (trial for turn in zip_longest(*within) for trial in turn if trial is not None)
    return list({trial.number: trial for trial in (*turns, *best)}.values())


def train_finalists(context: SearchContext, chosen: Sequence[Trial]) -> list[Row]:
    """Trials as finalists: trained, exported and tested, each kept as soon as it is done.

    One whose longer training diverges is left out; the listener gets the reason.
    """
    found = {trial.number: _known_finalist(context, trial) for trial in chosen}
    rows = {number: row for number, row in found.items() if row is not None}
    open_trials = [trial for trial in chosen if trial.number not in rows]
    if open_trials:
        context.listener.say(f"training {len(open_trials)} finalists for {context.spec.finalists.epochs} epochs each")
    futures = {_submit(context, trial.candidate.architecture): trial for trial in open_trials}
    for future in as_completed(futures):
        trial, name = futures[future], f"finalist {futures[future].candidate.architecture.id}"
        try:
            metrics, file = future.result()
        except DivergedError as error:
            context.listener.say(f"{name} is left out: {error}")
            continue
        for of in (trial.candidate.architecture.id, trial.candidate.architecture.network_id):
            context.store_training(context.training_keys.finalist(of), metrics, file)
        rows[trial.number] = _keep_finalist(context, trial, metrics, file)
        context.listener.say(f"{name}  test accuracy {metrics['test_accuracy']:.2%}")
    return [_finalist(context, trial, rows[trial.number]) for trial in chosen if trial.number in rows]


def _submit(context: SearchContext, architecture: Architecture) -> Future[Finalised]:
    notation = write_network(architecture.expand())
    return submit_final(context, notation, named(architecture), f"finalist {architecture.id}", context.inherited_from())


def submit_final(
    context: SearchContext, notation: str, about: Mapping[str, Any], what: str, inherited_from: tuple[Any, ...]
) -> Future[Finalised]:
    """Start the long training of a network. about: the metadata of its file, with its `id`. what: its name.

    inherited_from: as SearchContext.inherited_from.
    """
    final = final_of(context, about, inherited_from)
    report = epoch_listener(context.listener, what, final.epochs)
    return context.submit(finalise, notation, final, *inherited_from, report=report)


def final_of(context: SearchContext, about: Mapping[str, Any], inherited_from: tuple[Any, ...]) -> Final:
    """A long training of the search, as submit_final starts it."""
    recipe = context.spec.finalists.training
    start = "-inherited" if inherited_from else ""
    checkpoint = context.store.path / "checkpoints" / f"{about['id']}-{recipe.id}{start}.pt"
    teacher = of_files(context.store.known(TEACHER), context.spec.teacher)
    return Final(recipe, str(checkpoint), {**about, **teacher, "versions": versions()})


def _known_finalist(context: SearchContext, trial: Trial) -> dict[str, float] | None:
    """The finalist's metrics if it was trained in this or an earlier search; its file exists then."""
    metrics: dict[str, float] | None = context.store.known(_key(trial))
    if metrics is not None and all((context.store.path / file).exists() for file in _files(trial)):
        return metrics
    architecture, key = trial.candidate.architecture, context.training_keys.finalist
    # It may have been trained as another architecture that is the same network.
    cached = context.cached_training(key(architecture.id), key(architecture.network_id))
    if cached is None:
        return None
    return _keep_finalist(context, trial, cached, cached.pop("model"))


def named(architecture: Architecture) -> dict[str, Any]:
    """Metadata of a file that say which architecture it is."""
    return {"architecture": architecture.to_dict(), "id": architecture.id}


def _keep_finalist(context: SearchContext, trial: Trial, metrics: dict[str, float], file: bytes) -> dict[str, float]:
    about = named(trial.candidate.architecture)
    if is_compressed(file):
        write_compressed(context, file, _file(trial), about)
    else:
        write_whole(context.store.path / _file(trial), annotated(file, about))
    kept: dict[str, float] = context.store.keep(_key(trial), metrics)
    return kept


def _key(trial: Trial) -> str:
    return f"finalist-{trial.candidate.architecture.id}"


def _file(trial: Trial) -> str:
    return network_file(trial.candidate.architecture.id)


def _files(trial: Trial) -> list[str]:
    """The files of the trained network."""
    file = _file(trial)
    return [file, naz_file(file)] if is_coded(trial.candidate.architecture.expand()) else [file]


def _finalist(context: SearchContext, trial: Trial, found: Mapping[str, float]) -> Row:
    expanded = trial.candidate.architecture.expand()
    sizes = {
        name: trial.metrics[name]
        for name, metric in metrics().items()
        if metric.source is Source.NETWORK and metric.shown is Shown.TABLES and name in trial.metrics
    }
    return {
        "trial": trial.number,
        "id": trial.candidate.architecture.id,
        "file": _file(trial),
        "notation": write_network(expanded),
        "diagram": diagram(expanded),
        "files": [naz_row(context, _file(trial), found["test_accuracy"])] if is_coded(expanded) else [],
        "metrics": {**sizes, **_estimates(context, trial), **found},
    }


def _estimates(context: SearchContext, trial: Trial) -> dict[str, float]:
    """The estimated latency on each device."""
    found = ((device, trial.metrics[f"latency_ms{device.suffix}"]) for device in context.devices)
    return {f"estimated_latency_ms{device.suffix}": latency for device, latency in found}
