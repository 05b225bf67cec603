"""Versions of the programs that a result depends on."""

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Versions by name: nas, what trains, what runs, and Python."""
    return {name: version(name) for name in ("nas", "torch", "onnxruntime", "onnx")} | {
        "python": platform.python_version()
    }
