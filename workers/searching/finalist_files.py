"""The files of a finalist: its .onnx, and beside it that of the runtime it was searched for, if that has one."""

from typing import Any

from latency_db.devices.device import Device
from latency_db.devices.formats import ONNX, format_of
from latency_db.devices.local import DEFAULT_RUNTIME
from latency_db.devices.runtime import FP32, runtime
from latency_db.errors import MeasurementError
from nas.errors import ExportError
from nas.files import write_whole
from workers.executing.executor import WorkerDiedError
from workers.executing.scheduler import TaskHandle
from workers.searching.context import Bench
from workers.searching.run_record import versions
from workers.tasks.convert import Converted, Wanted, convert

Row = dict[str, Any]


def add_files(bench: Bench, finalists: list[Row]) -> None:
    """Give each finalist `files`, and `note`: why one is lacking, with the remedy, or None."""
    for row in finalists:
        row |= {"files": [_onnx(row)], "note": _precision(bench.measurer.device)}
    name = bench.measurer.device.runtime
    if name not in runtime:
        for row in finalists:
            row["note"] = f".onnx alone: nas has no converter for {name}, the runtime of {bench.spec.device}"
    elif format_of(runtime[name]) != ONNX:
        _convert(bench, finalists, name)


def _precision(device: Device) -> str | None:
    """What a device of fewer bits measured, which is not what the files are."""
    if device.precision == FP32:
        return None
    return (
        f"files and accuracy are of the network in {FP32}, the latency of that in {device.precision}, which nas "
        "measures and does not ship: quantise the .onnx, and test its accuracy, before you use it"
    )


def publish(bench: Bench, row: Row) -> None:
    """Hand out a finalist's files."""
    for file in row["files"]:
        bench.place.publish(file["format"], file["file"], row["trial"])


def _onnx(row: Row) -> Row:
    """Its difference is that to torch."""
    return {
        "format": ONNX,
        "file": row["file"],
        "runtime": DEFAULT_RUNTIME,
        "runtime_version": versions()["onnxruntime"],
        **{name: row["metrics"][name] for name in ("test_accuracy", "max_abs_difference", "size_bytes")},
    }


def _convert(bench: Bench, finalists: list[Row], name: str) -> None:
    """Each file is kept as soon as it is made; what failed is tried again by a later call."""
    kind = format_of(runtime[name])
    found = {row["id"]: _known(bench, row, kind) for row in finalists}
    missing = [row for row in finalists if found[row["id"]] is None]
    if missing:
        bench.watch.say(f"converting {len(missing)} finalists for {name}")
    futures = [(row, _submit(bench, row, name)) for row in missing]
    for row, future in futures:
        try:
            converted = future.result()
        except (ExportError, MeasurementError, WorkerDiedError) as error:
            row["note"] = f"no .{kind} beside the .onnx: {error}"
            bench.watch.say(f"finalist {row['id']}: {row['note']}")
        else:
            found[row["id"]] = _keep(bench, row, kind, converted)
    for row in finalists:
        row["files"] += [file for file in (found[row["id"]],) if file]


def _submit(bench: Bench, row: Row, name: str) -> TaskHandle:
    model = (bench.place.path / row["file"]).read_bytes()
    wanted = Wanted(row["notation"], model, name)
    return bench.quota.submit(convert, bench.setup, bench.quota.share(bench.images), wanted, report=lambda *_: None)


def _known(bench: Bench, row: Row, kind: str) -> Row | None:
    """What an earlier call has made, if its file is in place."""
    file: Row | None = bench.place.known(_key(row, kind))
    return file if file and (bench.place.path / file["file"]).exists() else None


def _keep(bench: Bench, row: Row, kind: str, converted: Converted) -> Row:
    file = f"model-{row['id']}.{kind}"
    write_whole(bench.place.path / file, converted.file)
    about = {"runtime": converted.runtime, "runtime_version": converted.runtime_version}
    kept: Row = bench.place.keep(_key(row, kind), {"format": kind, "file": file, **about, **converted.metrics})
    return kept


def _key(row: Row, kind: str) -> str:
    return f"finalist-{row['id']}-{kind}"
