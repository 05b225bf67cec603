"""What an ONNX file says of itself beside its graph and weights: inputs, outputs and metadata."""

import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from nas.errors import ModelRefusedError
from nas.onnx_file.fields import content, fields, messages
from nas.onnx_file.model_check import Limits, check_model

LIMITS = Limits(max_bytes=512 << 20, operators=None)
"""Of a teacher's file. Only worker processes run it."""

DTYPES: Mapping[int, str] = {1: "float32", 2: "uint8", 10: "float16", 11: "float64"}
"""Of images, by their number in TensorProto.DataType."""


class _Model(IntEnum):
    GRAPH, METADATA = 7, 14


class _Graph(IntEnum):
    CONSTANT, INPUT, OUTPUT = 5, 11, 12


class _Tensor(IntEnum):
    NAME = 8


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output. dtype: as numpy names it, or None if images have no such type. shape: None for a free side;
    None for all if the file does not say it.
    """

    name: str
    dtype: str | None
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Header:
    """about: the metadata, as JSON values; those that are none are left out."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    about: Mapping[str, Any]


def checked_header(path: Path) -> Header:
    """The header of an ONNX file that may be run. ModelRefusedError says why it may not, OSError if it is not there."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise ModelRefusedError("the file is empty")
        # Not closed by name: an error refers to views of it until it is dealt with.
        return header_of(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def header_of(model: bytes | memoryview) -> Header:
    """The header of an ONNX file in memory; ModelRefusedError if it may not be run."""
    check_model(model, LIMITS)
    inputs: list[Port] = []
    outputs: list[Port] = []
    about: dict[str, Any] = {}
    for number, value in fields(memoryview(model)):
        if number == _Model.METADATA:
            about |= _entry(content(value))
        if number == _Model.GRAPH:
            graph = content(value)
            constants = {
                _text(name) for each in messages(graph, _Graph.CONSTANT) for name in messages(each, _Tensor.NAME)
            }
            inputs += [port for port in _ports(graph, _Graph.INPUT) if port.name not in constants]
            outputs += _ports(graph, _Graph.OUTPUT)
    return Header(tuple(inputs), tuple(outputs), about)


def _entry(entry: memoryview) -> dict[str, Any]:
    found = {number: _text(content(value)) for number, value in fields(entry)}
    try:
        return {found.get(1, ""): json.loads(found.get(2, ""))}
    except (ValueError, RecursionError):  # not of nas
        return {}


def _ports(graph: memoryview, field: int) -> Iterator[Port]:
    """ValueInfoProto: name 1, type 2 with tensor_type 1, which has elem_type 1 and shape 2."""
    for port in messages(graph, field):
        name = "".join(map(_text, messages(port, 1)))
        dtype: str | None = None
        shape: tuple[int | None, ...] | None = None
        for tensor in (tensor for kind in messages(port, 2) for tensor in messages(kind, 1)):
            for number, value in fields(tensor):
                if isinstance(value, int):
                    dtype = DTYPES.get(value) if number == 1 else dtype
                elif number == 2:  # noqa: PLR2004 - shape
                    shape = tuple(_side(dim) for dim in messages(value, 1))
        yield Port(name, dtype, shape)


def _side(dim: memoryview) -> int | None:
    """TensorShapeProto.Dimension: dim_value 1, or a name."""
    return next((value for number, value in fields(dim) if number == 1 and isinstance(value, int) and value), None)


def _text(value: memoryview) -> str:
    return bytes(value).decode("utf-8", "replace")
