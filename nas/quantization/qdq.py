"""A float32 ONNX model in 8-bit integers, written as QuantizeLinear/DequantizeLinear pairs by onnxruntime.quantization.

Activations have one scale for each tensor, from its smallest and largest value on calibration images.
"""

import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.shape_inference import InferenceError
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from nas.errors import CompressionError
from nas.quantization.recipes import RECIPES, Ranges, StaticQuantization
from nas.quantization.refusals import REFUSALS

_WARNINGS, _ERRORS = 2, 3
_LAYERS = frozenset({"Conv", "Gemm"})
_ACTIVATIONS = frozenset({"Relu", "Clip", "HardSwish", "Sigmoid"})


class _OneImage(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """quantize_static asks for images though all ranges are given."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self._images = iter([{name: np.zeros((1, *shape), np.float32)}])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._images, None)


def is_quantised(model: bytes) -> bool:
    """Whether an ONNX model has quantised tensors. CompressionError if it is no ONNX model."""
    return any(node.op_type == "QuantizeLinear" for node in _graph(model).graph.node)


def input_shape(model: bytes) -> tuple[int, ...]:
    """[C, H, W] of a model's image, 0 for a size that varies. CompressionError if it is no ONNX model."""
    (image,) = _graph(model).graph.input
    return tuple(dim.dim_value for dim in image.type.tensor_type.shape.dim[1:])


def activation_ranges(model: bytes, batches: Iterable[NDArray[np.float32]]) -> Ranges:
    """The ranges of a float32 model on batches of images [n, C, H, W].

    CompressionError if ONNX Runtime cannot run the model.
    """
    graph = _graph(model)
    (image,), (scores,) = graph.graph.input, graph.graph.output
    names = [output for node in graph.graph.node for output in node.output if output != scores.name]
    graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    names = [scores.name, *names]
    found: dict[str, tuple[float, float]] = {}
    try:
        session = onnxruntime.InferenceSession(graph.SerializeToString(), _quiet(), providers=["CPUExecutionProvider"])
        for images in batches:
            values = [images, *session.run(names, {image.name: images})]
            for name, value in zip((image.name, *names), values, strict=True):
                if value.dtype == np.float32:
                    low, high = found.get(name, (np.inf, -np.inf))
                    found[name] = min(low, float(value.min())), max(high, float(value.max()))
    except REFUSALS as error:
        raise CompressionError(f"ONNX Runtime cannot calibrate the model: {error}") from None
    return found


def quantised(model: bytes, how: StaticQuantization) -> bytes:
    """A float32 model in integers. The same arguments give the same bytes; metadata of the model are left out.

    Weights that are already multiples of their scale keep their integers. CompressionError if ONNX Runtime cannot
    quantise the model.
    """
    graph, recipe = _graph(model), RECIPES[how.recipe]
    (image,), shape = graph.graph.input, input_shape(model)
    floats = _floats(graph.graph, recipe.float_layers, how.floats)
    del graph.metadata_props[:]
    add_pre_process_metadata(graph)  # what it would do is done already: names, folded norms
    overrides = {
        name: [{"rmin": np.float32(low), "rmax": np.float32(high)}] for name, (low, high) in how.ranges.items()
    }
    onnxruntime.set_default_logger_severity(_ERRORS)  # its sessions warn of constants left over
    try:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "model.onnx"), Path(folder, "int8.onnx")
            source.write_bytes(graph.SerializeToString())
            quantize_static(
                source,
                target,
                _OneImage(image.name, shape),
                quant_format=QuantFormat.QDQ,
                per_channel=recipe.per_channel,
                reduce_range=recipe.weight_limit < 127,  # noqa: PLR2004 - then 64, in ONNX Runtime
                activation_type=QuantType.QInt8 if recipe.signed_activations else QuantType.QUInt8,
                nodes_to_exclude=floats,
                weight_type=QuantType.QInt8 if recipe.signed_weights else QuantType.QUInt8,
                extra_options={
                    "ActivationSymmetric": recipe.signed_activations,
                    "TensorQuantOverrides": overrides,
                },
            )
            return _compact(onnx.load(target))
    except (*REFUSALS, InferenceError, ValueError, KeyError) as error:
        raise CompressionError(f"ONNX Runtime cannot quantise the model: {error}") from None
    finally:
        onnxruntime.set_default_logger_severity(_WARNINGS)


def _floats(graph: onnx.GraphProto, layers: int, tensors: Collection[str]) -> list[str]:
    """The names of the nodes that stay in floats; nodes are named here.

    These are the first layers with weights and the activations after them, and what computes the tensors.
    """
    names: list[str] = []
    outputs: set[str] = set()
    for number, node in enumerate(graph.node):
        node.name = f"n{number}"
        is_layer = node.op_type in _LAYERS and layers > 0
        if is_layer or (node.op_type in _ACTIVATIONS and node.input[0] in outputs):
            names.append(node.name)
            outputs.add(node.output[0])
        elif node.output[0] in tensors:
            names.append(node.name)
        layers -= is_layer
    return names


def _compact(model: onnx.ModelProto) -> bytes:
    """The model with the biases of its convolutions as 32-bit floats, and without shapes between the layers.

    Runtimes turn these biases into the same integers: a scale, a zero point and a node less for each.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    biases = {name for node in graph.node if node.op_type == "Conv" for name in node.input[2:]}
    nodes = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] in biases:
            codes, scale = (numpy_helper.to_array(constants[name]) for name in node.input[:2])
            bias = (codes * scale.astype(np.float64)).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(bias, node.output[0]))
        else:
            nodes.append(node)
    del graph.node[:], graph.value_info[:], model.metadata_props[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    data: bytes = model.SerializeToString()
    return data


def _graph(model: bytes) -> onnx.ModelProto:
    try:
        found = onnx.load_from_string(model)
    except DecodeError:
        raise CompressionError("the model cannot be quantised: it is not an ONNX file") from None
    if len(found.graph.input) != 1 or len(found.graph.output) != 1:
        raise CompressionError("the model cannot be quantised: it has not one image and one vector of scores")
    return found


def _quiet() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _ERRORS
    return options
