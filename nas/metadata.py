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
    known = {p.key: json.loads(p.value) for p in model.metadata_props}
    return stamped(model, {**known, **more})


def annotate(path: Path, more: Mapping[str, Any]) -> None:
    """Add metadata to an exported file in its place."""
    write_whole(path, annotated(path.read_bytes(), more))
