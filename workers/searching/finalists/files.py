"""The files of a finalist: the .onnx, and one in the format of the device's runtime if that has a format of its own.

The .onnx takes what the spec says. The one with float32 input is always in the folder: others are made from it.
"""

from typing import Any

from latency_db.devices.device import Device
from latency_db.devices.formats import ONNX, format_of
from latency_db.devices.local import DEFAULT_RUNTIME
from latency_db.devices.runtime import FP32, runtime
from latency_db.errors import MeasurementError
from nas.errors import ExportError
from nas.files import write_whole
from nas.images.model_input import ModelInput
from nas.machine.versions import versions
from nas.trial import unheard
from workers.executing.executor import WorkerDiedError
from workers.executing.scheduler import TaskHandle
from workers.searching.context import SearchContext
from workers.searching.finalists.compressed_files import compressed_row, unpacked_bytes
from workers.tasks.convert import Conversion, Converted, convert, take_pictures

Row = dict[str, Any]


def add_files(context: SearchContext, finalists: list[Row]) -> None:
    """Give each finalist `files`, and `note`: why one is missing, with the remedy, or None."""
    for row in finalists:
        row |= {
            "files": [_onnx(context, row), *row.get("files", ())],
            "note": row.get("note") or _precision(context.devices[0].measurer.device, row),
        }
        if compressed := compressed_row(row):
            row["metrics"]["size_bytes"] = compressed["size_bytes"]
    by_runtime: dict[str, str] = {}
    for device in context.devices:
        by_runtime.setdefault(device.measurer.device.runtime, device.name)
    for name, device_name in by_runtime.items():
        if name not in runtime:
            for row in finalists:
                _add_note(row, f".onnx alone: nas has no converter for {name}, the runtime of {device_name}")
        elif format_of(runtime[name]) != ONNX:
            _convert(context, finalists, name)


def _add_note(row: Row, note: str) -> None:
    """Add a note on the files of one device to those on others'."""
    row["note"] = f"{row['note']}. {note}" if row["note"] else note


def network_file(finalist: str) -> str:
    """The file with float32 input of the finalist with this id, as it was trained."""
    return f"model-{finalist}.onnx"


def _taking_floats(row: Row) -> str:
    """The file with float32 input that a finalist's others are made from."""
    compressed = compressed_row(row)
    file: str = compressed["unpacks_to"] if compressed else network_file(row["id"])
    return file


def measured_file(device: Device, row: Row) -> str:
    """The file whose latency is measured: the .onnx if the device runs it as it is, else the one with float32 input."""
    name = device.runtime
    shipped = name in runtime and runtime[name].takes_pictures
    file: str = row["file"] if shipped else _taking_floats(row)
    return file


def add_picture_files(context: SearchContext, finalists: list[Row]) -> None:
    """Replace each finalist's .onnx by one that takes pictures, if the spec says so. Each is kept at once."""
    if context.spec.export.input is not ModelInput.UINT8:
        return
    found = {row["id"]: _known(context, row, ModelInput.UINT8) for row in finalists}
    missing = [row for row in finalists if found[row["id"]] is None]
    models = [(context.store.path / row["file"]).read_bytes() for row in missing]
    futures = [context.submit(take_pictures, model, report=unheard) for model in models]
    for row, future in zip(missing, futures, strict=True):
        metrics, content = future.result()
        if "max_abs_difference" in row["metrics"]:
            metrics["max_abs_difference"] += row["metrics"]["max_abs_difference"]  # to torch, at most
        file = picture_file(row["file"])
        write_whole(context.store.path / file, content)
        found[row["id"]] = context.store.keep(_key(row, ModelInput.UINT8), {"file": file, "metrics": metrics})
    for row in finalists:
        kept = found[row["id"]] or {}
        row["file"] = kept["file"]
        row["metrics"] |= kept["metrics"]
        row["note"] = _network_only(context, row) or row.get("note")


def picture_file(file: str) -> str:
    """The name of a .onnx that takes pictures, given that of the one with float32 input."""
    return file.replace(".onnx", f"-{ModelInput.UINT8}.onnx")


def takes_pictures(file: str) -> bool:
    """Whether picture_file made this name."""
    return file.endswith(f"-{ModelInput.UINT8}.onnx")


def _precision(device: Device, row: Row) -> str | None:
    """A note if the file is not in the precision of the device; else None."""
    if device.precision == FP32 or f"-{device.precision}" in row["file"]:
        return None
    return (
        f"file and accuracy are of the network in {FP32}, the latency of that in {device.precision}, which nas "
        "measures and does not ship: quantise the .onnx, and test its accuracy, before you use it"
    )


def _network_only(context: SearchContext, row: Row) -> str | None:
    """A note if the measured latency is not that of the .onnx, as the device does not take pictures; else None."""
    devices = (device.measurer.device for device in context.devices)
    others = [device.runtime for device in devices if measured_file(device, row) != row["file"]]
    if not others:
        return None
    return (
        f"the latency is that of the network with {ModelInput.FLOAT32} input: {others[0]} is not measured with files "
        "that take pictures"
    )


def publish(context: SearchContext, row: Row) -> None:
    """Publish a finalist's files."""
    for file in row["files"]:
        context.store.publish(file["format"], file["file"], row["trial"])


def _onnx(context: SearchContext, row: Row) -> Row:
    """The row of the .onnx file. max_abs_difference: the largest difference of its scores to those in torch."""
    metrics = row["metrics"]
    compressed = compressed_row(row)
    if compressed and row["file"] == compressed["unpacks_to"]:
        metrics = {**metrics, "size_bytes": unpacked_bytes(context, compressed["file"])}
    return {
        "format": ONNX,
        "file": row["file"],
        "runtime": DEFAULT_RUNTIME,
        "runtime_version": versions()["onnxruntime"],
        **{name: metrics[name] for name in ("test_accuracy", "max_abs_difference", "size_bytes") if name in metrics},
    }


def _convert(context: SearchContext, finalists: list[Row], name: str) -> None:
    """Convert the finalists' files. Each is kept at once; a later call tries failed ones again."""
    kind = format_of(runtime[name])
    found = {row["id"]: _known(context, row, kind) for row in finalists}
    missing = [row for row in finalists if found[row["id"]] is None]
    if missing:
        context.listener.say(f"converting {len(missing)} finalists for {name}")
    futures = [(row, _submit(context, row, name)) for row in missing]
    for row, future in futures:
        try:
            converted = future.result()
        except (ExportError, MeasurementError, WorkerDiedError) as error:
            note = f"no .{kind} beside the .onnx: {error}"
            _add_note(row, note)
            context.listener.say(f"finalist {row['id']}: {note}")
        else:
            found[row["id"]] = _keep(context, row, kind, converted)
    for row in finalists:
        row["files"] += [file for file in (found[row["id"]],) if file]


def _submit(context: SearchContext, row: Row, name: str) -> TaskHandle:
    model = (context.store.path / _taking_floats(row)).read_bytes()
    wanted = Conversion(row["notation"], model, name)
    return context.submit(convert, wanted, report=unheard)


def _known(context: SearchContext, row: Row, kind: str) -> Row | None:
    """The row of a file that an earlier call made, if the file exists."""
    file: Row | None = context.store.known(_key(row, kind))
    return file if file and (context.store.path / file["file"]).exists() else None


def _keep(context: SearchContext, row: Row, kind: str, converted: Converted) -> Row:
    file = f"model-{row['id']}.{kind}"
    write_whole(context.store.path / file, converted.file)
    about = {"runtime": converted.runtime, "runtime_version": converted.runtime_version}
    kept: Row = context.store.keep(_key(row, kind), {"format": kind, "file": file, **about, **converted.metrics})
    return kept


def _key(row: Row, kind: str) -> str:
    return f"finalist-{row['id']}-{kind}"
