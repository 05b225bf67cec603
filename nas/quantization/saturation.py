"""Whether ONNX Runtime computes products of unsigned and signed bytes exactly on this processor."""

from functools import cache

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TERMS, COLUMNS = 64, 16


@cache
def saturates() -> bool:
    """Whether sums of products of large bytes come out too small, as on x86 processors without VNNI.

    A recipe with `may_saturate` then gives a file that is less accurate here than elsewhere.
    """
    weight = np.full((TERMS, COLUMNS), 127, np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["y"])],
        "sums",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [1, TERMS])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, COLUMNS])],
        [numpy_helper.from_array(weight, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"a": np.full((1, TERMS), 255, np.uint8)})
    return bool((found != TERMS * 255 * 127).any())
