"""The files of a search on a device that computes in 8-bit integers: what it measures is what is tested and shipped."""

from collections.abc import Mapping
from typing import Any

from latency_db.devices.device import Device
from latency_db.devices.runtime import runtime
from nas.errors import CompressionError
from nas.files import write_whole
from nas.quantities import percent
from nas.quantization.recipes import PRECISIONS
from nas.trial import unheard
from workers.executing.executor import WorkerDiedError
from workers.searching.context import SearchContext
from workers.tasks.quantise import quantise

Row = dict[str, Any]


def recipe_of(device: Device) -> str | None:
    """The recipe by which networks are quantised for a device; None if it runs them as they are exported."""
    known = device.runtime in runtime and device.precision in runtime[device.runtime].precisions
    return device.precision if known and device.precision in PRECISIONS else None


def quantised_file(file: str, recipe: str) -> str:
    """The name of the .onnx in integers, given that of the one in 32-bit floats."""
    return file.replace(".onnx", f"-{recipe}.onnx")


def quantise_finalists(context: SearchContext, finalists: list[Row]) -> None:
    """Replace each finalist's .onnx, and its metrics, by the one in the integers of the device, if it has any.

    The note says what that costs, or why there is no such file.
    """
    files = {row["file"]: row["metrics"]["test_accuracy"] for row in finalists}
    found = _quantised(context, files)
    for row in finalists:
        kept = found.get(row["file"], {})
        if "reason" in kept:
            row["note"] = kept["reason"]
        elif kept:
            fp32 = percent(row["metrics"]["test_accuracy"], 2)
            row["metrics"] |= kept["metrics"]
            row["file"] = kept["file"]
            row["note"] = f"calibrated on training images; its test accuracy in 32-bit floats is {fp32}"


def quantise_references(context: SearchContext, files: Mapping[str, float]) -> dict[str, Row]:
    """The files and metrics in the integers of the device, by the names of the reference networks' .onnx files.

    files: test accuracies by name. Those that cannot be quantised are left out.
    """
    return {name: kept for name, kept in _quantised(context, files).items() if "file" in kept}


def _quantised(context: SearchContext, files: Mapping[str, float]) -> dict[str, Row]:
    """File and metrics, or reason, by the name of the file in floats; each is kept at once. Empty for other devices."""
    recipe = recipe_of(context.devices[0].measurer.device)
    if recipe is None:
        return {}
    found = {file: context.store.known(_key(file, recipe)) for file in files}
    missing = [file for file, kept in found.items() if not kept or not (context.store.path / kept["file"]).exists()]
    if missing:
        context.listener.say(f"quantising {len(missing)} networks for {', '.join(context.spec.device_names)}")
    models = {file: (context.store.path / file).read_bytes() for file in missing}
    futures = {file: context.submit(quantise, model, recipe, report=unheard) for file, model in models.items()}
    for file, future in futures.items():
        try:
            metrics, content = future.result()
        except (CompressionError, WorkerDiedError) as error:
            found[file] = {"reason": f"no file in {recipe}: {error}. File and accuracy are those in 32-bit floats"}
            context.listener.say(f"{file}: {found[file]['reason']}")
            continue
        name = quantised_file(file, recipe)
        write_whole(context.store.path / name, content)
        found[file] = context.store.keep(_key(file, recipe), {"file": name, "metrics": metrics})
        context.listener.say(f"{name}  test accuracy {metrics['test_accuracy']:.2%}, {files[file]:.2%} in floats")
    return found


def _key(file: str, recipe: str) -> str:
    return f"{file.removesuffix('.onnx')}-{recipe}"
