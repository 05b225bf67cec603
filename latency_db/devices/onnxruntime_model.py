"""A model in ONNX Runtime, on one of its execution providers (https://onnxruntime.ai)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as faults

from latency_db.devices.runtime import LoadedModel, input_image
from latency_db.errors import MeasurementError

VERSION = str(ort.__version__)

_ERRORS_ONLY = 3
_REFUSALS = (
    faults.Fail,
    faults.InvalidArgument,
    faults.InvalidGraph,
    faults.InvalidProtobuf,
    faults.NotImplemented,
    faults.RuntimeException,
)

Provider = str | tuple[str, dict[str, Any]]


class OnnxRuntimeModel(LoadedModel):
    def __init__(self, session: ort.InferenceSession, device: str) -> None:
        self._session = session
        (image,) = session.get_inputs()
        (scores,) = session.get_outputs()
        array = input_image(tuple(image.shape))
        self._image, self._feed, self._outputs = image.name, {image.name: array}, [scores.name]
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(image.name, ort.OrtValue.ortvalue_from_numpy(array, device))
        # One run finds the output's size; from then on the runtime writes into the same memory.
        self._binding.bind_output(scores.name, device)
        session.run_with_iobinding(self._binding)
        self._binding.bind_ortvalue_output(scores.name, self._binding.get_outputs()[0])

    def call(self) -> None:
        self._session.run(self._outputs, self._feed)

    def execute(self) -> None:
        self._session.run_with_iobinding(self._binding)

    def scores(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._session.run(self._outputs, {self._image: image})[0]
        return found

    def placement(self) -> Mapping[str, int]:
        nodes: Counter[str] = Counter()
        for part in self._session.get_provider_graph_assignment_info():
            nodes[part.ep_name] += len(part.get_nodes())
        return nodes


def load_model(
    model: bytes, threads: int, providers: Sequence[Provider], device: str, **config: str
) -> OnnxRuntimeModel:
    """The model on providers, its tensors on device; config holds session options as ONNX Runtime writes them."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("batch", 1)
    options.log_severity_level = _ERRORS_ONLY
    for key, value in {"session.record_ep_graph_assignment_info": "1", **config}.items():
        options.add_session_config_entry(key, value)
    # Worker threads spin while they wait, which is the runtime's default: the latency has to hold for an application
    # that loads the file without further options, and latencies with sleeping workers vary more.
    try:
        return OnnxRuntimeModel(ort.InferenceSession(model, options, providers=providers), device)
    except _REFUSALS as error:
        raise MeasurementError(f"ONNX Runtime {VERSION} cannot run the model: {error}") from None
