"""ONNX Runtime on the CPU (https://onnxruntime.ai)."""

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as faults

from latency_db.errors import MeasurementError
from latency_db.runtime import Runtime, Session, runtime

_ERRORS_ONLY = 3
_DEVICE = "cpu"
_REFUSALS = (
    faults.Fail,
    faults.InvalidArgument,
    faults.InvalidGraph,
    faults.InvalidProtobuf,
    faults.NotImplemented,
    faults.RuntimeException,
)


class OnnxRuntimeSession(Session):
    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        (image,) = session.get_inputs()
        (scores,) = session.get_outputs()
        array = np.random.default_rng(0).standard_normal(image.shape, np.float32)
        self._feed, self._outputs = {image.name: array}, [scores.name]
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(image.name, ort.OrtValue.ortvalue_from_numpy(array))
        # One run finds the output's size; from then on the runtime writes into the same memory.
        self._binding.bind_output(scores.name, _DEVICE)
        session.run_with_iobinding(self._binding)
        self._binding.bind_ortvalue_output(scores.name, self._binding.get_outputs()[0])

    def call(self) -> None:
        self._session.run(self._outputs, self._feed)

    def execute(self) -> None:
        self._session.run_with_iobinding(self._binding)


@runtime("onnxruntime_cpu")
class OnnxRuntimeCpu(Runtime):
    def version(self) -> str:
        return str(ort.__version__)

    def load(self, model: bytes, threads: int) -> Session:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_free_dimension_override_by_name("batch", 1)
        options.log_severity_level = _ERRORS_ONLY
        # Whether worker threads spin while they wait is left as the runtime has it (they do): the number has to hold
        # for an application that opens the file without further options, and sleeping workers time less steadily.
        try:
            return OnnxRuntimeSession(ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]))
        except _REFUSALS as error:
            raise MeasurementError(f"ONNX Runtime {self.version()} cannot run the model: {error}") from None
