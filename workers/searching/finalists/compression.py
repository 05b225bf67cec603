"""A compression as a step of a search: finalists go through a plan after training, and are its files from then on."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from nas.compression.on_device import on_device
from nas.compression.presets import content
from nas.container.file import read
from nas.errors import NasError
from nas.metric import Shown, Source, metrics, network_metrics
from nas.ops.diagram import diagram
from nas.ops.notation import write_network
from nas.quantities import percent
from nas.trial import unheard
from workers.searching.context import SearchContext
from workers.searching.finalists.compressed_files import naz_file, naz_row, write_compressed
from workers.searching.finalists.files import network_file
from workers.searching.finalists.on_device import carried_out, check_latency_device
from workers.tasks.compress import TOTAL, CompressedFiles, Compression, check, compress
from workers.tasks.told_latencies import ToldLatencies, Untold

Row = dict[str, Any]


def label(wanted: Mapping[str, Any]) -> str:
    """What tells a compression from others of a network, for a file's name. wanted: as CompressionRequest.wanted."""
    digest = hashlib.sha256(json.dumps(wanted.get("plan"), sort_keys=True).encode()).hexdigest()[:8]
    size = f"-in-{wanted['max_bytes']}-bytes" if "max_bytes" in wanted else ""
    if "max_latency_ms" in wanted:
        size += f"-in-{wanted['max_latency_ms']:g}-ms-on-{wanted['latency_device']}"
    epochs = f"-of-{wanted['epochs']}-epochs" if "epochs" in wanted else ""
    return f"{wanted.get('preset', 'plan-' + digest)}{size}{epochs}"


def check_compression(context: SearchContext) -> None:
    """SpecError if the plan is wrong, before the search trains anything; errors of check_latency_device."""
    request = context.spec.finalists.compression
    if request is not None:
        wanted = Compression(json.dumps(request.wanted()), "", "")
        context.submit(check, wanted, report=unheard).result()
        check_latency_device(request.wanted())


def compress_finalists(context: SearchContext, finalists: list[Row]) -> None:
    """Replace each finalist's files, and its metrics, by those that the spec's compression makes, each kept at once.

    The note says what that costs, or why there are no such files; those in 32-bit floats stay then.
    """
    request = context.spec.finalists.compression
    if request is None or not finalists:
        return
    wanted = request.wanted()
    found = {row["id"]: _known(context, row, wanted) for row in finalists}
    missing = [row for row in finalists if found[row["id"]] is None]
    if missing:
        context.listener.say(f"compressing {len(missing)} finalists by {label(wanted)}")
    rows = {row["id"]: row for row in missing}
    tasks = {name: partial(_submit, context, row, wanted) for name, row in rows.items()}
    for name, made in carried_out(tasks, wanted, context.quota):
        row = rows[name]
        if isinstance(made, NasError):
            row["note"] = f"not compressed by {label(wanted)}: {made}. Its file is that in 32-bit floats"
            context.listener.say(f"finalist {row['id']}: {row['note']}")
        else:
            found[name] = _keep(context, row, wanted, made)
    for row in finalists:
        if kept := found[row["id"]]:
            _replace(context, row, wanted, kept)


def _submit(
    context: SearchContext, row: Row, wanted: Mapping[str, Any], told: ToldLatencies | None
) -> Future[CompressedFiles | Untold]:
    folder = context.store.path / "checkpoints" / f"{row['id']}-{label(wanted)}"
    begins_trained = content(wanted).get("training", ...) is not None
    model = (context.store.path / network_file(row["id"])).read_bytes() if begins_trained else None
    what = f"compressing finalist {row['id']}"
    return context.submit(
        compress,
        model,
        Compression(json.dumps(wanted), row["notation"], str(folder), told=told),
        report=lambda epoch, found: context.listener.step(what, epoch, int(found[TOTAL])),
    )


def _keep(context: SearchContext, row: Row, wanted: Mapping[str, Any], made: CompressedFiles) -> Row:
    file = _file(row, wanted)
    write_compressed(context, made.file, file, {"id": row["id"], "compression": wanted})
    report = made.report
    accuracies = {
        "test_accuracy": report["test_accuracy"],
        "validation_accuracy": report["stages"][-1]["accuracy"],
        "size_bytes": len(made.file),
    }
    context.listener.say(
        f"{naz_file(file)}  {len(made.file):,} bytes, test accuracy {report['test_accuracy']:.2%}, "
        f"{report['test_accuracy_before']:.2%} before"
    )
    kept: Row = context.store.keep(_key(row, wanted), {"metrics": accuracies, "report": report})
    return kept


def _replace(context: SearchContext, row: Row, wanted: Mapping[str, Any], kept: Row) -> None:
    file = _file(row, wanted)
    network = read((context.store.path / naz_file(file)).read_bytes()).network
    sizes = network_metrics(network)
    if sizes["macs"] != row["metrics"]["macs"]:  # channels were pruned: it is another network
        of_network = [name for name, m in metrics().items() if (m.source, m.shown) == (Source.NETWORK, Shown.TABLES)]
        row |= {"notation": write_network(network), "diagram": diagram(network)}
        row["metrics"] |= {name: sizes[name] for name in of_network}
    before = percent(row["metrics"]["test_accuracy"], 2)
    row["metrics"] = {name: value for name, value in row["metrics"].items() if name != "max_abs_difference"}
    row["metrics"] |= kept["metrics"]
    row["file"], row["files"] = file, [naz_row(context, file, kept["metrics"]["test_accuracy"])]
    row["note"] = f"compressed by {label(wanted)}; its test accuracy in 32-bit floats is {before}"
    if "on_device" in kept["report"]:
        row["note"] += f". {on_device(kept['report'])}"


def _known(context: SearchContext, row: Row, wanted: Mapping[str, Any]) -> Row | None:
    """What an earlier call kept of a finalist, if its files exist."""
    kept: Row | None = context.store.known(_key(row, wanted))
    file = _file(row, wanted)
    exist = all((context.store.path / each).exists() for each in (file, naz_file(file)))
    return kept if exist else None


def _file(row: Row, wanted: Mapping[str, Any]) -> str:
    return f"model-{row['id']}-{label(wanted)}.onnx"


def _key(row: Row, wanted: Mapping[str, Any]) -> str:
    return f"finalist-{row['id']}-{label(wanted)}"
