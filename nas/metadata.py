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


def annotate(path: Path, more: Mapping[str, Any]) -> None:
    """Add metadata to an exported file; its graph stays as it is."""
    model = onnx.load(path)
    known = {p.key: json.loads(p.value) for p in model.metadata_props}
    write_whole(path, stamped(model, {**known, **more}))
