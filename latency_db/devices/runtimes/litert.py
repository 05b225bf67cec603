"""LiteRT, once TensorFlow Lite, on the CPU with XNNPACK (https://ai.google.dev/edge/litert)."""

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.converted_files import converted_file, converter_process
from latency_db.devices.runtime import FP32, LoadedModel, Runtime, input_image, runtime
from latency_db.errors import MeasurementError

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


class LiteRtModel(LoadedModel):
    def __init__(self, interpreter: "Interpreter") -> None:
        self._interpreter = interpreter
        interpreter.allocate_tensors()
        (image,), (scores,) = interpreter.get_input_details(), interpreter.get_output_details()
        self._input, self._output = image["index"], scores["index"]
        self._image = input_image(tuple(image["shape"].tolist()))
        self.call()

    def call(self) -> None:
        self._interpreter.set_tensor(self._input, self._image)
        self._interpreter.invoke()
        self._interpreter.get_tensor(self._output)

    def execute(self) -> None:
        self._interpreter.invoke()

    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input, image)
        self._interpreter.invoke()
        found: NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        self._interpreter.set_tensor(self._input, self._image)
        return found


@runtime("litert")
class LiteRt(Runtime):
    packages = ("ai_edge_litert", "litert_torch")
    extra = "litert"
    suffix = ".tflite"

    def version(self) -> str:
        return version("ai-edge-litert")

    def export(self, model: bytes) -> bytes:
        return converted_file(model, self.suffix, version("litert-torch"), converter_process("litert")).read_bytes()

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:  # noqa: ARG002 - there is one
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - optional

        try:
            return LiteRtModel(Interpreter(model_content=self.export(model), num_threads=threads))
        except (RuntimeError, ValueError) as error:
            raise MeasurementError(f"LiteRT {self.version()} cannot run the model: {error}") from None
