"""How many numbers of a model are subnormal: processors compute in them up to a hundred times more slowly."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from latency_db.devices.runtime import input_image
from nas.dataset import Dataset
from nas.trial import Report
from workers.tasks.train import Setup

_ERRORS_ONLY = 3


@dataclass(frozen=True, slots=True)
class Subnormals:
    """Shares that are subnormal: of the weights, and of the numbers between the nodes for the image that is timed."""

    weights: float
    activations: float


def count_subnormals(setup: Setup, shared: Dataset | None, model: bytes, *, report: Report) -> Subnormals:  # noqa: ARG001 - a task
    """Of an ONNX model with one image [batch, C, H, W] as input."""
    graph = onnx.load_from_string(model)
    shape = (1, *(side.dim_value for side in graph.graph.input[0].type.tensor_type.shape.dim[1:]))
    weights = _share(numpy_helper.to_array(each) for each in graph.graph.initializer)
    between = [onnx.ValueInfoProto(name=name) for node in graph.graph.node for name in node.output]
    del graph.graph.output[:]
    graph.graph.output.extend(between)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setup.threads
    options.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return Subnormals(weights, _share(session.run(None, {session.get_inputs()[0].name: input_image(shape)})))


def _share(arrays: Iterable[NDArray[Any]]) -> float:
    """The share of subnormal numbers among floats."""
    found = total = 0
    for array in arrays:
        if array.dtype == np.float32:
            total += array.size
            found += int(((array != 0) & (np.abs(array) < np.finfo(np.float32).tiny)).sum())
    return found / max(total, 1)
