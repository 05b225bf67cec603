"""Reference networks: hand-designed ones, trained and tested as the finalists are, to compare these with."""

from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

from nas.dataset import Dataset
from nas.errors import NasError
from nas.files import write_whole
from nas.image_set.note import counted
from nas.metric import network_metrics
from nas.onnx_file.metadata import annotated
from nas.ops import Network
from nas.ops.canonical import network_id
from nas.ops.notation import read_network, write_network
from nas.spec import SearchSpec
from nas.spec.references import references_of
from workers.searching.context import SearchContext
from workers.searching.finalists.quantised_files import quantise_references, quantised_file, recipe_of
from workers.searching.finalists.training import submit_final

Row = dict[str, Any]


def reference_rows(spec: SearchSpec, images: Dataset) -> list[Row]:
    """The spec's reference networks for the run's images. SpecError names one that cannot be built for them."""
    found = references_of(spec.references, side=images.side, channels=images.channels, classes=len(images.classes))
    return [
        {
            "label": each.label,
            **({"curve": each.curve, "width": each.width} if each.curve else {}),
            "notation": write_network(each.network),
            "metrics": network_metrics(each.network),
        }
        for each in found
    ]


def train_references(context: SearchContext, rows: list[Row]) -> list[Row]:
    """The rows of reference networks with their accuracies, each trained, exported and tested as a finalist is.

    One whose training fails has no accuracies; the listener gets the reason. None is trained for a search without
    finalists, as there is nothing to compare it with.
    """
    if not rows or not context.spec.finalists.count:
        return rows
    distinct = {_id(row): row for row in rows}
    scores = {network: _known(context, row) for network, row in distinct.items()}
    missing = [row for network, row in distinct.items() if scores[network] is None]
    if missing:
        epochs = context.spec.finalists.epochs
        count = counted(len(missing), "reference network")
        context.listener.say(f"training {count} as the finalists, for {counted(epochs, 'epoch')} each")
    futures = {submit_final(context, row["notation"], _named(row), row["label"], ()): row for row in missing}
    for future in as_completed(futures):
        row = futures[future]
        try:
            metrics, file = future.result()
        except NasError as error:
            context.listener.say(f"{row['label']}: {error}")
            scores[_id(row)] = context.store.keep(_key(row), {})
        else:
            context.store_training(context.training_keys.reference(_id(row)), metrics, file)
            scores[_id(row)] = _keep(context, row, metrics, file)
            context.listener.say(f"{row['label']}  test accuracy {metrics['test_accuracy']:.2%}")
    trained = {network: found for network, found in scores.items() if found}
    accuracies = {_name(distinct[network]): found["test_accuracy"] for network, found in trained.items()}
    integers = quantise_references(context, accuracies)
    of_files = {network: integers.get(_name(row), {}).get("metrics", {}) for network, row in distinct.items()}
    return [{**row, "metrics": row["metrics"] | trained.get(_id(row), {}) | of_files[_id(row)]} for row in rows]


def as_tested(context: SearchContext, row: Row) -> bytes | Network:
    """The tested file of a reference network, or the network itself if it was not trained."""
    recipe, file = recipe_of(context.devices[0].measurer.device), _file(context, row)
    if recipe and (integers := file.with_name(quantised_file(file.name, recipe))).exists():
        file = integers
    return file.read_bytes() if file.exists() else read_network(row["notation"])


def _known(context: SearchContext, row: Row) -> dict[str, float] | None:
    """The metrics if the network was trained in this or an earlier search; empty if its training failed in this one."""
    metrics: dict[str, float] | None = context.store.known(_key(row))
    if metrics is not None and (not metrics or _file(context, row).exists()):
        return metrics
    cached = context.cached_training(context.training_keys.reference(_id(row)))
    return None if cached is None else _keep(context, row, cached, annotated(cached.pop("model"), _named(row)))


def _keep(context: SearchContext, row: Row, metrics: dict[str, float], file: bytes) -> dict[str, float]:
    write_whole(_file(context, row), file)
    kept: dict[str, float] = context.store.keep(_key(row), metrics)
    return kept


def _named(row: Row) -> dict[str, Any]:
    """Metadata of a file that say which network it is."""
    return {"reference": row["label"], "id": _id(row)}


def _file(context: SearchContext, row: Row) -> Path:
    return context.store.path / _name(row)


def _name(row: Row) -> str:
    return f"{_key(row)}.onnx"


def _key(row: Row) -> str:
    return f"reference-{_id(row)}"


def _id(row: Row) -> str:
    return network_id(read_network(row["notation"]))
