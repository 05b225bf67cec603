"""ONNX to LiteRT's .tflite, by way of torch (https://github.com/google-ai-edge/litert-torch)."""

import tempfile
from pathlib import Path

import litert_torch

from latency_db.devices.converters.torch_reading import read_onnx


def convert(model: bytes) -> bytes:
    module, image = read_onnx(model)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.tflite")
        litert_torch.convert(module, (image,)).export(str(target))
        return target.read_bytes()
