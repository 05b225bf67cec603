"""After the trials: train reference networks; train finalists for longer, export, test and measure them."""

from collections.abc import Mapping
from concurrent.futures import Future, as_completed
from typing import Any

from latency_db.records.record import RecordState, Signature
from latency_db.records.signatures import onnx_signature
from latency_db.validating.validation import log_estimates
from nas.architecture import Architecture
from nas.dataset import Dataset
from nas.errors import DivergedError, NasError, NotMeasuredError
from nas.files import write_whole
from nas.jobs.records import TrainingKey
from nas.loop import Search
from nas.metadata import annotate, annotated
from nas.metric import Shown, Source, metrics, network_metrics
from nas.ops.canonical import network_id
from nas.ops.diagram import diagram
from nas.ops.notation import read_network, write_network
from nas.spec import SearchSpec, reference_networks
from nas.trial import State, Trial
from workers.searching.context import SearchContext, epoch_listener, measuring
from workers.searching.finalist_files import publish
from workers.searching.run_record import versions
from workers.searching.training_keys import notation_id
from workers.tasks.train import Final, Finalised, finalise

Row = dict[str, Any]


def reference_rows(spec: SearchSpec, images: Dataset) -> list[Row]:
    """The spec's reference networks for the run's images. SpecError names one that cannot be built for them."""
    networks = reference_networks(spec, side=images.side, channels=images.channels, classes=len(images.classes))
    rows = []
    for plugin, network in zip(spec.references, networks, strict=True):
        label = " ".join([str(plugin["name"]), *(f"{key} {value}" for key, value in plugin.items() if key != "name")])
        rows.append({"label": label, "notation": write_network(network), "metrics": network_metrics(network)})
    return rows


def train_references(context: SearchContext, rows: list[Row]) -> list[Row]:
    """The rows of reference networks with their scores on the search's images, scored as the trials are.

    One whose training fails has no accuracy; the listener gets the reason.
    """
    scores = {number: _known_score(context, number, row) for number, row in enumerate(rows)}
    missing = [number for number, score in scores.items() if score is None]
    if missing:
        verb = "training" if context.evaluator.trains else "scoring"
        context.listener.say(f"{verb} {len(missing)} reference networks as the trials were")
    futures: dict[Future[Any], int] = {}
    for number in missing:
        report = epoch_listener(context.listener, rows[number]["label"], context.evaluator.epochs)
        futures[context.evaluate(rows[number]["notation"], report)] = number
    for future in as_completed(futures):
        number = futures[future]
        try:
            score = dict(future.result())
        except NasError as error:
            context.listener.say(f"{rows[number]['label']}: {error}")
            score = {}
        else:
            context.store_training(_reference_keys(context, rows[number])[0], score)
        scores[number] = context.store.keep(f"reference-{number}", score)
    return [{**row, "metrics": {**row["metrics"], **(scores[number] or {})}} for number, row in enumerate(rows)]


def _known_score(context: SearchContext, number: int, row: Row) -> dict[str, float] | None:
    known: dict[str, float] | None = context.store.known(f"reference-{number}")
    return context.cached_training(*_reference_keys(context, row)) if known is None else known


def _reference_keys(context: SearchContext, row: Row) -> list[TrainingKey | None]:
    """Keys of a reference's training: of this version, and of earlier ones."""
    ids = network_id(read_network(row["notation"])), notation_id(row["notation"])
    return [context.training_keys.trial(of_network) for of_network in ids]


def best_trials(search: Search, count: int) -> list[Trial]:
    """The trials of the best distinct networks, by reward."""
    done = [trial for trial in search.trials.values() if trial.state is State.SUCCEEDED and trial.reward is not None]
    best: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda trial: (-(trial.reward or 0.0), trial.number)):
        best.setdefault(trial.candidate.architecture.network_id, trial)
    return list(best.values())[:count]


def train_finalists(context: SearchContext, search: Search) -> list[Row]:
    """The best trials as finalists: trained, exported and tested, each kept as soon as it is done.

    One whose longer training diverges is left out; the listener gets the reason.
    """
    chosen = best_trials(search, context.spec.finalists.count)
    found = {trial.number: _known_finalist(context, trial) for trial in chosen}
    rows = {number: row for number, row in found.items() if row is not None}
    open_trials = [trial for trial in chosen if trial.number not in rows]
    if open_trials:
        context.listener.say(f"training {len(open_trials)} finalists for {context.spec.finalists.epochs} epochs each")
    futures = {submit_final(context, trial.candidate.architecture): trial for trial in open_trials}
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
    return [_finalist(trial, rows[trial.number]) for trial in chosen if trial.number in rows]


def submit_final(context: SearchContext, architecture: Architecture) -> Future[Finalised]:
    """Start the long training of a network."""
    about = {**_named(architecture), "versions": versions()}
    checkpoint = context.store.path / "checkpoints" / f"{architecture.id}.pt"
    epochs = context.spec.finalists.epochs
    report = epoch_listener(context.listener, f"finalist {architecture.id}", epochs)
    notation = write_network(architecture.expand())
    return context.submit(finalise, notation, Final(epochs, str(checkpoint), about), report=report)


def _known_finalist(context: SearchContext, trial: Trial) -> dict[str, float] | None:
    """The finalist's metrics if it was trained in this or an earlier search; its file exists then."""
    metrics: dict[str, float] | None = context.store.known(_key(trial))
    if metrics is not None and (context.store.path / _file(trial)).exists():
        return metrics
    architecture, key = trial.candidate.architecture, context.training_keys.finalist
    cached = context.cached_training(key(architecture.id))
    if cached is not None:
        return _keep_finalist(context, trial, cached, cached.pop("model"))
    cached = context.cached_training(key(architecture.network_id))
    if cached is None:
        return None
    # It was trained as another architecture that is the same network.
    return _keep_finalist(context, trial, cached, annotated(cached.pop("model"), _named(architecture)))


def _named(architecture: Architecture) -> dict[str, Any]:
    """Metadata of a file that say which architecture it is."""
    return {"architecture": architecture.to_dict(), "id": architecture.id}


def _keep_finalist(context: SearchContext, trial: Trial, metrics: dict[str, float], file: bytes) -> dict[str, float]:
    write_whole(context.store.path / _file(trial), file)
    kept: dict[str, float] = context.store.keep(_key(trial), metrics)
    return kept


def _key(trial: Trial) -> str:
    return f"finalist-{trial.candidate.architecture.id}"


def _file(trial: Trial) -> str:
    return f"model-{trial.candidate.architecture.id}.onnx"


def _finalist(trial: Trial, found: Mapping[str, float]) -> Row:
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
        "metrics": {**sizes, "estimated_latency_ms": trial.metrics["latency_ms"], **found},
    }


def measure_end_to_end(context: SearchContext, references: list[Row], finalists: list[Row]) -> None:
    """Measure references and finalists together on the device, add the latencies to rows and files; publish the files.

    If the device cannot be measured they keep their estimates; the listener gets the reason.
    """
    subjects = {row["label"]: read_network(row["notation"]) for row in references} | {
        row["id"]: (context.store.path / row["file"]).read_bytes() for row in finalists
    }
    found = context.store.known("latencies")
    if found is None or set(found) != set(subjects):
        context.listener.say(f"measuring {len(subjects)} networks end to end on {context.spec.device}")
        try:
            _log_predictions(context, {onnx_signature(subjects[row["id"]]): row["notation"] for row in finalists})
            with measuring(context.quota, context.measurer):
                records = context.measurer.measure_networks(subjects)
        except NotMeasuredError as error:
            context.listener.say(f"{error}. Finalists keep their estimated latencies")
            _publish(context, finalists)
            return
        suspect = {name: record.reason for name, record in records.items() if record.state is RecordState.SUSPECT}
        context.store.keep("suspect-latencies", suspect)
        found = context.store.keep("latencies", {name: _latency(record) for name, record in records.items()})
    for row in references:
        row["metrics"] |= found[row["label"]]
    for row in finalists:
        row["metrics"] |= found[row["id"]]
    _publish(context, finalists)


def _log_predictions(context: SearchContext, notations: Mapping[Signature, str]) -> None:
    """Log the predicted latencies of files, given their networks' notations, for the device's track record."""
    estimator = context.measurer.estimator
    estimates = estimator.estimate_many([read_network(notation) for notation in notations.values()])
    log_estimates(estimator.store, estimator.device, dict(zip(notations, estimates, strict=True)))


def _publish(context: SearchContext, finalists: list[Row]) -> None:
    for row in finalists:
        annotate(context.store.path / row["file"], {"metrics": row["metrics"], "device": context.spec.device})
        publish(context, row)


def _latency(record: Any) -> dict[str, float]:
    return {"latency_ms": record.latency_ms, "latency_p90_ms": record.wall.p90_ms, "latency_error_ms": record.error_ms}
