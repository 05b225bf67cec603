"""A model in ONNX Runtime, on one of its execution providers (https://onnxruntime.ai)."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from latency_db.devices.runtime import LoadedModel, input_image, input_picture
from latency_db.errors import MeasurementError
from nas.quantization.refusals import REFUSALS

VERSION = str(ort.__version__)

_ERRORS_ONLY = 3
PICTURES = "tensor(uint8)"
MAX_SIDE = 4096
"""Height and width of the largest picture that a model is timed with."""

Provider = str | tuple[str, dict[str, Any]]


class OnnxRuntimeModel(LoadedModel):
    def __init__(self, session: ort.InferenceSession, device: str) -> None:
        self._session = session
        (image,) = session.get_inputs()
        (scores,) = session.get_outputs()
        array = _input(session)
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


def _input(session: ort.InferenceSession) -> NDArray[Any]:
    """The image that the model is timed with: of its input's shape, or a picture of the size in its metadata.

    MeasurementError if neither states a size.
    """
    (image,) = session.get_inputs()
    if image.type == PICTURES:
        return input_picture((1, *_picture_size(session), int(image.shape[3])))
    if not all(isinstance(side, int) for side in image.shape):
        raise MeasurementError(f"the model's input {image.name} has no fixed size: {image.shape}")
    return input_image(tuple(image.shape))


def _picture_size(session: ort.InferenceSession) -> tuple[int, int]:
    """Height and width of the pictures that a model of nas.images.pixel_graph was trained on."""
    try:
        about = json.loads(session.get_modelmeta().custom_metadata_map.get("preprocessing", "{}"))
    except ValueError:
        about = {}
    match about:
        case {"size": [int(height), int(width)]} if 0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE:
            return height, width
    raise MeasurementError("the model takes pictures of any size, and its metadata do not state that of its network")


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
    except REFUSALS as error:
        raise MeasurementError(f"ONNX Runtime {VERSION} cannot run the model: {error}") from None
