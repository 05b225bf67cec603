"""Teachers for tests: ONNX classifiers of images of 8 x 8 px with a bright upper or lower half, never trained."""

import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper

UPPER = np.repeat([1.0, -1.0], 32)


def teacher(
    *, shape=("batch", 1, 8, 8), dtype=TensorProto.FLOAT, softmax=False, outputs=(0, 1), sharpness=8.0, about=None
):
    """The file of a model that compares the mean of both halves of the first channel.

    outputs: which class each output is of: 0 for upper. about: its metadata.
    """
    nhwc = shape[3] in {1, 3} and shape[1] not in {1, 3}
    planes = np.zeros((64, 2), np.float32)
    planes[:, 0], planes[:, 1] = UPPER / 32, -UPPER / 32
    weights = numpy_helper.from_array(sharpness * planes[:, list(outputs)], "weights")
    shapes = {
        "first": np.array([0]),
        "flat": np.array([-1, 64]),
    }
    nodes = [helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT)]
    nodes += [helper.make_node("Gather", ["floats", "first"], ["plane"], axis=3 if nhwc else 1)]
    nodes += [helper.make_node("Reshape", ["plane", "flat"], ["row"])]
    nodes += [helper.make_node("MatMul", ["row", "weights"], ["scores" if not softmax else "logits"])]
    if softmax:
        nodes += [helper.make_node("Softmax", ["logits"], ["scores"], axis=1)]
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("image", dtype, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (shape[0], 2))],
        [weights, *(numpy_helper.from_array(value, name) for name, value in shapes.items())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {key: json.dumps(value) for key, value in (about or {}).items()})
    return model.SerializeToString()
