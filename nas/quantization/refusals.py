"""What ONNX Runtime raises for a model that it cannot run."""

from onnxruntime.capi import onnxruntime_pybind11_state as faults

REFUSALS = (
    faults.Fail,
    faults.InvalidArgument,
    faults.InvalidGraph,
    faults.InvalidProtobuf,
    faults.NotImplemented,
    faults.RuntimeException,
)
