"""After the search: reference networks trained beside it, finalists trained for longer, exported, tested, measured."""

from collections.abc import Mapping
from concurrent.futures import as_completed
from typing import Any

from nas.dataset import Dataset
from nas.errors import DivergedError, InvalidArchitectureError, NasError, SpecError
from nas.loop import Search
from nas.metadata import annotate
from nas.network import network
from nas.ops.diagram import diagram
from nas.ops.notation import read_network, write_network
from nas.spec import SearchSpec
from nas.trial import State, Trial
from workers.bench import Bench, epoch_bar, sizes
from workers.record import versions
from workers.tasks import evaluate, finalise

Row = dict[str, Any]


def reference_rows(spec: SearchSpec, images: Dataset) -> list[Row]:
    """The spec's reference networks for the run's images. SpecError names one that cannot be built for them."""
    fitted = {"resolution": images.side, "channels": images.channels, "classes": len(images.classes)}
    rows = []
    for number, plugin in enumerate(spec.references):
        try:
            expanded = network.make({**fitted, **plugin}).expand()
            metrics = sizes(expanded)
        except InvalidArchitectureError as error:
            raise SpecError(
                f"references.{number}: {plugin['name']} cannot be built for images of {images.side} px: {error}; "
                "give it a larger resolution, or leave it out"
            ) from None
        label = " ".join([str(plugin["name"]), *(f"{key} {value}" for key, value in plugin.items() if key != "name")])
        rows.append({"label": label, "notation": write_network(expanded), "metrics": metrics})
    return rows


def train_references(bench: Bench, rows: list[Row]) -> list[Row]:
    """The rows of reference networks with their scores on the run's images, scored as the trials are.

    One whose training fails has no accuracy, and the reason is said.
    """
    scores = [bench.folder.known(f"reference-{number}") for number in range(len(rows))]
    missing = [number for number, score in enumerate(scores) if score is None]
    if missing:
        bench.watch.say(f"training {len(missing)} reference networks as the trials were")
    futures = {}
    for number in missing:
        bar = epoch_bar(bench.watch, rows[number]["label"], bench.spec.trial_epochs)
        futures[bench.pool.submit(evaluate, bench.setup, rows[number]["notation"], report=bar)] = number
    for future in as_completed(futures):
        number = futures[future]
        try:
            score = dict(future.result())
        except NasError as error:
            bench.watch.say(f"{rows[number]['label']}: {error}")
            score = {}
        scores[number] = bench.folder.keep(f"reference-{number}", score)
    return [{**row, "metrics": {**row["metrics"], **score}} for row, score in zip(rows, scores, strict=True)]


def best_trials(search: Search, count: int) -> list[Trial]:
    """The trials of the best distinct architectures, by reward."""
    done = [trial for trial in search.trials.values() if trial.state is State.SUCCEEDED and trial.reward is not None]
    best: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda trial: (-(trial.reward or 0.0), trial.number)):
        best.setdefault(trial.candidate.architecture.id, trial)
    return list(best.values())[:count]


def train_finalists(bench: Bench, search: Search) -> list[Row]:
    """The best trials as finalists: trained, exported and tested, each kept as soon as it is done.

    One whose longer training diverges is left out, and the reason is said.
    """
    chosen = best_trials(search, bench.spec.finalists.count)
    found = {trial.number: bench.folder.known(_key(trial)) for trial in chosen}
    rows = {number: row for number, row in found.items() if row is not None}
    epochs = bench.spec.finalists.epochs
    open_trials = [trial for trial in chosen if trial.number not in rows]
    if open_trials:
        bench.watch.say(f"training {len(open_trials)} finalists for {epochs} epochs each")
    futures = {}
    for trial in open_trials:
        architecture = trial.candidate.architecture
        about = {"architecture": architecture.to_dict(), "id": architecture.id, "versions": versions()}
        paths = (
            str(bench.folder.path / _file(trial)),
            str(bench.folder.path / "checkpoints" / f"{architecture.id}.pt"),
        )
        notation = write_network(architecture.expand())
        bar = epoch_bar(bench.watch, f"finalist {architecture.id}", epochs)
        futures[bench.pool.submit(finalise, bench.setup, notation, epochs, paths, about, report=bar)] = trial
    for future in as_completed(futures):
        trial, name = futures[future], f"finalist {futures[future].candidate.architecture.id}"
        try:
            row = future.result()
        except DivergedError as error:
            bench.watch.say(f"{name} is left out: {error}")
        else:
            rows[trial.number] = bench.folder.keep(_key(trial), row)
            bench.watch.say(f"{name}  test accuracy {row['test_accuracy']:.2%}")
    return [_finalist(trial, rows[trial.number]) for trial in chosen if trial.number in rows]


def _key(trial: Trial) -> str:
    return f"finalist-{trial.candidate.architecture.id}"


def _file(trial: Trial) -> str:
    return f"model-{trial.candidate.architecture.id}.onnx"


def _finalist(trial: Trial, found: Mapping[str, float]) -> Row:
    expanded = trial.candidate.architecture.expand()
    estimated = {name: trial.metrics[name] for name in ("params", "macs")}
    return {
        "trial": trial.number,
        "id": trial.candidate.architecture.id,
        "file": _file(trial),
        "notation": write_network(expanded),
        "diagram": diagram(expanded),
        "metrics": {**estimated, "estimated_latency_ms": trial.metrics["latency_ms"], **found},
    }


def measure_end_to_end(bench: Bench, references: list[Row], finalists: list[Row]) -> None:
    """Measure references and finalists side by side on the device, and write it into their rows and files.

    A device that is not this machine keeps its estimates, which is said.
    """
    if not bench.estimator.is_local:
        bench.watch.say(f"{bench.spec.device} is not this machine: finalists keep their estimated latencies")
        return
    subjects = {row["label"]: read_network(row["notation"]) for row in references} | {
        row["id"]: (bench.folder.path / row["file"]).read_bytes() for row in finalists
    }
    found = bench.folder.known("latencies")
    if found is None or set(found) != set(subjects):
        bench.watch.say(f"measuring {len(subjects)} networks end to end on {bench.spec.device}")
        records = bench.estimator.measure_networks(subjects)
        found = bench.folder.keep("latencies", {name: _latency(record) for name, record in records.items()})
    for row in references:
        row["metrics"] |= found[row["label"]]
    for row in finalists:
        row["metrics"] |= found[row["id"]]
        annotate(bench.folder.path / row["file"], {"metrics": row["metrics"], "device": bench.spec.device})


def _latency(record: Any) -> dict[str, float]:
    return {"latency_ms": record.latency_ms, "latency_p90_ms": record.wall.p90_ms, "latency_error_ms": record.error_ms}
