"""OpenVINO on the CPU (https://docs.openvino.ai)."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from latency_db.devices.runtime import FP32, LoadedModel, Runtime, input_image, runtime
from latency_db.errors import MeasurementError

if TYPE_CHECKING:
    from openvino import CompiledModel


class OpenVinoModel(LoadedModel):
    def __init__(self, model: "CompiledModel") -> None:
        self._model = model
        self._request = model.create_infer_request()
        self._image = [input_image(tuple(model.input(0).shape))]
        self._request.infer(self._image)  # leaves the image in the request's memory

    def call(self) -> None:
        self._request.infer(self._image)

    def execute(self) -> None:
        self._request.infer(share_outputs=True)

    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = np.array(self._model([image])[0])
        return found

    def placement(self) -> Mapping[str, int]:
        nodes = self._model.get_runtime_model().get_ordered_ops()
        return Counter(str(node.get_rt_info()["primitiveType"].value) for node in nodes)


@runtime("openvino")
class OpenVino(Runtime):
    packages = ("openvino",)
    extra = "openvino"

    def version(self) -> str:
        from openvino import __version__  # noqa: PLC0415 - optional

        return str(__version__).partition("-")[0]

    def load(self, model: bytes, threads: int, precision: str = FP32) -> LoadedModel:  # noqa: ARG002 - there is one
        from openvino import Core  # noqa: PLC0415 - optional

        # Without the hint, processors with bfloat16 units compute in it. The threads are not bound to cores, as the
        # calling thread belongs to the application.
        config = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32",
            "ENABLE_CPU_PINNING": False,
        }
        try:
            read = Core().read_model(model)
            read.reshape([1, *(side.get_length() for side in list(read.input(0).partial_shape)[1:])])
            return OpenVinoModel(Core().compile_model(read, "CPU", config))
        except RuntimeError as error:
            raise MeasurementError(f"OpenVINO {self.version()} cannot run the model: {error}") from None
