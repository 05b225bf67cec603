"""The metadata properties of exported ONNX models, each a JSON value."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

from nas.files import write_whole


def stamped(model: onnx.ModelProto, metadata: Mapping[str, Any]) -> bytes:
    """The file of model, with this metadata."""
    helper.set_model_props(model, {key: json.dumps(value) for key, value in metadata.items()})
    data: bytes = model.SerializeToString()
    return data


def annotated(file: bytes, more: Mapping[str, Any]) -> bytes:
    """An exported file with further metadata; its graph stays as it is."""
    model = onnx.load_from_string(file)
    return stamped(model, {**properties(model), **more})


def annotate(path: Path, more: Mapping[str, Any]) -> None:
    """Add metadata to an exported file in its place."""
    write_whole(path, annotated(path.read_bytes(), more))


def properties(model: onnx.ModelProto) -> dict[str, Any]:
    """The metadata that stamped() has written."""
    return {each.key: json.loads(each.value) for each in model.metadata_props}
