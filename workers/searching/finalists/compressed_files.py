"""Compressed files of finalists: of networks that the search gave codes for weights, and of a compression after it.

What a finalist's numbers are of is the .onnx that its compressed file unpacks to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from latency_db.devices.device import Device
from latency_db.devices.formats import ONNX, format_of
from latency_db.devices.runtime import FP32, runtime
from nas.compressing.files import unpacked
from nas.compression.presets import content
from nas.container.file import MAGIC
from nas.errors import SpecError
from nas.files import write_whole
from nas.onnx_file.metadata import annotated
from nas.space import SearchSpace
from nas.spec.finalists import Finalists
from workers.searching.context import SearchContext

Row = dict[str, Any]

NAZ = "naz"


def is_compressed(file: bytes) -> bool:
    """Whether a model's content is that of a compressed file, not of an .onnx."""
    return file.startswith(MAGIC)


def check_devices(devices: Sequence[Device], space: SearchSpace, finalists: Finalists) -> None:
    """SpecError if devices compute in other numbers than each other, or than the compressed files of the search."""
    first, *others = devices
    for other in others:
        if other.precision != first.precision:
            raise SpecError(
                f"devices: {first.name} computes in {first.precision} and {other.name} in {other.precision}; all "
                "devices of a search compute in the same numbers, as a network has one accuracy: give each its own "
                "search"
            )
    for device in devices:
        _check_device(device, space, finalists)


def _check_device(device: Device, space: SearchSpace, finalists: Finalists) -> None:
    if device.precision != FP32 and (space.has_codes or finalists.compression):
        what = "precisions of stages are" if space.has_codes else "finalists.compression is"
        raise SpecError(
            f"device: {device.name} computes whole networks in {device.precision}, and {what} for devices in {FP32}: "
            "choose one of these, or leave it out"
        )
    if finalists.compression and not _runs_onnx(device):
        stages = content(finalists.compression.wanted()).get("stages", ())
        if any(stage.get("name") == "int8" for stage in stages if isinstance(stage, Mapping)):
            raise SpecError(
                f"finalists.compression: int8 makes .onnx files, which {device.runtime} does not run as they are; "
                "choose a device with ONNX Runtime, or another plan"
            )


def write_compressed(context: SearchContext, file: bytes, onnx: str, about: Row) -> None:
    """Write a compressed file into the search's folder, and what it unpacks to, with this metadata, as onnx."""
    write_whole(context.store.path / naz_file(onnx), file)
    write_whole(context.store.path / onnx, annotated(_unpacked(context, file), about))


def unpacked_bytes(context: SearchContext, naz: str) -> int:
    """Bytes of what the compressed file of this name unpacks to."""
    return len(_unpacked(context, (context.store.path / naz).read_bytes()))


def _unpacked(context: SearchContext, file: bytes) -> bytes:
    return unpacked(file, as_floats=not all(_runs_onnx(device.measurer.device) for device in context.devices))


def naz_file(onnx: str) -> str:
    """The name of the compressed file that unpacks to a file of this name."""
    return f"{onnx.removesuffix('.onnx')}.{NAZ}"


def naz_row(context: SearchContext, onnx: str, test_accuracy: float) -> Row:
    """The row of the compressed file among a finalist's files."""
    file = naz_file(onnx)
    size_bytes = (context.store.path / file).stat().st_size
    return {
        "format": NAZ,
        "file": file,
        "unpacks_to": onnx,
        "test_accuracy": test_accuracy,
        "size_bytes": size_bytes,
    }


def compressed_row(row: Row) -> Row | None:
    """The row of a finalist's compressed file, if it has one."""
    return next((file for file in row.get("files", ()) if file["format"] == NAZ), None)


def _runs_onnx(device: Device) -> bool:
    """Whether the device runs .onnx files as they are: other formats have no codes for weights."""
    name = device.runtime
    return name not in runtime or format_of(runtime[name]) == ONNX
