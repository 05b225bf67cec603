"""ncnn on the CPU in 32-bit floats, converted by pnnx (https://github.com/Tencent/ncnn)."""

import io
import subprocess
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.converted_files import converted_file
from latency_db.devices.runtime import FP32, LoadedModel, Runtime, input_image, runtime
from latency_db.errors import MeasurementError

PARAM, BIN = "model.ncnn.param", "model.ncnn.bin"
_IDENTITY = "7767517\n2 2\nInput in0 0 1 in0\nSplit copy 1 1 in0 out0\n"
_HALF_OPTIONS = (
    "use_fp16_packed",
    "use_fp16_storage",
    "use_fp16_arithmetic",
    "use_bf16_packed",
    "use_bf16_storage",
)


class NcnnModel(LoadedModel):
    """Each run needs a new extractor: an extractor keeps its results and returns them again."""

    def __init__(self, net: Any, shape: tuple[int, ...], scores_shape: tuple[int, ...]) -> None:
        import ncnn  # noqa: PLC0415 - optional

        self._net, self._mat, self._shape = net, ncnn.Mat, scores_shape
        self._image = input_image(shape)[0]
        self._given = ncnn.Mat(self._image).clone()
        self._input, self._output = net.input_names()[0], net.output_names()[0]
        self.call()

    def call(self) -> None:
        np.array(self._run(self._mat(self._image).clone()))  # layers that work in place crash the process otherwise

    def execute(self) -> None:
        self._run(self._given)

    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(self._run(self._mat(image[0]).clone())).reshape(self._shape)  # a vector may come as a map

    def _run(self, image: Any) -> Any:
        extractor = self._net.create_extractor()
        extractor.input(self._input, image)
        status, scores = extractor.extract(self._output)
        if status:
            raise MeasurementError(f"ncnn cannot run the model: status {status}")
        return scores


@runtime("ncnn")
class Ncnn(Runtime):
    packages = ("ncnn", "pnnx", "onnx")
    extra = "ncnn"
    suffix = ".ncnn"

    def version(self) -> str:
        return version("ncnn")

    def export(self, model: bytes) -> bytes:
        """A zip archive of the files PARAM and BIN."""
        return converted_file(model, self.suffix, version("pnnx"), _pnnx).read_bytes()

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:  # noqa: ARG002 - there is one
        import ncnn  # noqa: PLC0415 - optional

        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_vulkan_compute = False
        for option in _HALF_OPTIONS:
            setattr(net.opt, option, False)
        archive = self.export(model)
        with tempfile.TemporaryDirectory() as folder:
            zipfile.ZipFile(io.BytesIO(archive)).extractall(folder)
            status = net.load_param(f"{folder}/{PARAM}") or net.load_model(f"{folder}/{BIN}")
        if status:
            raise MeasurementError(f"ncnn {self.version()} cannot load the model: status {status}")
        graph = _graph(model)
        return NcnnModel(net, _shape(graph.input[0]), _shape(graph.output[0]))


def _graph(model: bytes) -> Any:
    import onnx  # noqa: PLC0415 - only where models are converted
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - as above

    try:
        return onnx.load_from_string(model).graph
    except DecodeError:
        raise MeasurementError("the model cannot be converted for ncnn: it is not an ONNX file") from None


def _shape(tensor: Any) -> tuple[int, ...]:
    return (1, *(side.dim_value for side in tensor.type.tensor_type.shape.dim[1:]))


def _pnnx(source: Path, target: Path) -> None:
    import pnnx  # noqa: PLC0415 - optional

    graph = _graph(source.read_bytes())
    if all(node.op_type == "Identity" for node in graph.node):  # the empty model, which pnnx refuses
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(PARAM, _IDENTITY)
            archive.writestr(BIN, b"")
        return
    shape = ",".join(map(str, _shape(graph.input[0])))
    command = [pnnx.EXEC_PATH, source.name, f"inputshape=[{shape}]", "fp16=0"]
    done = subprocess.run(command, cwd=source.parent, capture_output=True, text=True, check=False)  # noqa: S603 - pnnx itself
    files = [source.parent / name for name in (PARAM, BIN)]
    if done.returncode or not all(file.exists() for file in files):
        report = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise MeasurementError(f"pnnx cannot convert the model: {''.join(report)}")
    with zipfile.ZipFile(target, "w") as archive:
        for file in files:
            archive.write(file, file.name)
