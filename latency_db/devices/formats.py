"""File formats of models: `onnx`, and those of the runtimes that load a file of their own."""

from latency_db.devices.runtime import Runtime, runtime
from nas.errors import UnknownNameError

ONNX = "onnx"


def format_of(made: type[Runtime]) -> str:
    """The format that a runtime loads: its suffix without the dot."""
    return made.suffix.removeprefix(".")


def formats() -> list[str]:
    """All formats that a model can be exported in, ONNX first."""
    return [ONNX, *sorted({format_of(runtime[name]) for name in runtime} - {ONNX})]


def runtime_of(file_format: str) -> str:
    """The runtime whose own format this is. UnknownNameError if there is none; ONNX belongs to several."""
    for name in runtime:
        if file_format != ONNX and format_of(runtime[name]) == file_format:
            return name
    raise UnknownNameError("format", file_format, formats())
