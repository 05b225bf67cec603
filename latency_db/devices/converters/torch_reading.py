"""An ONNX graph as a torch module: the operators that nas.ops.onnx_graph writes, and no others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from latency_db.errors import MeasurementError

Attributes = Mapping[str, Any]
Rule = Callable[[Sequence[Any], Attributes], Tensor]


def read_onnx(model: bytes) -> tuple[nn.Module, Tensor]:
    """The module in evaluation mode and an image [1, C, H, W] for it.

    MeasurementError if the model has an operator without a rule here.
    """
    graph = onnx.load_from_string(model).graph
    unknown = sorted({node.op_type for node in graph.node} - set(_RULES))
    if unknown:
        raise MeasurementError(f"the model has operators that cannot be read into torch: {', '.join(unknown)}")
    (image,) = graph.input
    sides = [dim.dim_value for dim in image.type.tensor_type.shape.dim[1:]]
    return _OnnxModule(graph).eval(), torch.randn(1, *sides, generator=torch.Generator().manual_seed(0))


class _OnnxModule(nn.Module):
    """Runs the nodes of a graph in their order."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        super().__init__()
        self._buffer_names: dict[str, str] = {}
        self._integers: dict[str, list[int]] = {}
        for number, constant in enumerate(graph.initializer):
            array = numpy_helper.to_array(constant)
            if array.dtype.kind == "i":  # shapes and paddings, which torch takes as numbers
                self._integers[constant.name] = array.tolist()
            else:
                self._buffer_names[constant.name] = f"constant_{number}"
                self.register_buffer(f"constant_{number}", torch.from_numpy(array.copy()))
        self._nodes = [
            (
                _RULES[node.op_type],
                list(node.input),
                node.output[0],
                {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute},
            )
            for node in graph.node
        ]
        self._input, self._output = graph.input[0].name, graph.output[0].name

    def forward(self, image: Tensor) -> Tensor:
        values: dict[str, Any] = {self._input: image, **self._integers}
        values |= {name: self.get_buffer(buffer) for name, buffer in self._buffer_names.items()}
        for rule, inputs, output, attributes in self._nodes:
            values[output] = rule([values[name] for name in inputs], attributes)
        scores: Tensor = values[self._output]
        return scores


def _symmetric(attributes: Attributes) -> list[int]:
    """Torch's padding of ONNX pads, which are the same on both sides here."""
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        raise MeasurementError("the model pads more on one side than on the other, which torch's layers do not support")
    return [top, left]


def _conv(inputs: Sequence[Any], attributes: Attributes) -> Tensor:
    x, weight, bias = inputs
    strides, groups = attributes.get("strides", [1, 1]), attributes.get("group", 1)
    return F.conv2d(x, weight, bias, strides, _symmetric(attributes), groups=groups)


def _max_pool(inputs: Sequence[Any], attributes: Attributes) -> Tensor:
    padding, ceil = _symmetric(attributes), bool(attributes.get("ceil_mode", 0))
    return F.max_pool2d(inputs[0], attributes["kernel_shape"], attributes["strides"], padding, ceil_mode=ceil)


def _average_pool(inputs: Sequence[Any], attributes: Attributes) -> Tensor:
    sides = attributes["kernel_shape"], attributes["strides"], _symmetric(attributes)
    return F.avg_pool2d(inputs[0], *sides, bool(attributes.get("ceil_mode", 0)), count_include_pad=False)


def _reshape(inputs: Sequence[Any], _: Attributes) -> Tensor:
    x, shape = inputs
    sizes: Tensor = x.reshape([x.shape[axis] if side == 0 else side for axis, side in enumerate(shape)])
    return sizes


def _pad(inputs: Sequence[Any], _: Attributes) -> Tensor:
    x, pads = inputs
    before, after = pads[: len(pads) // 2], pads[len(pads) // 2 :]
    return F.pad(x, [side for pair in zip(reversed(before), reversed(after), strict=True) for side in pair])


_RULES: dict[str, Rule] = {
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "AveragePool": _average_pool,
    "Clip": lambda inputs, _: F.relu6(inputs[0]),  # the writer's only bounds are 0 and 6
    "Concat": lambda inputs, attributes: torch.cat(list(inputs), attributes["axis"]),
    "Conv": _conv,
    "Flatten": lambda inputs, _: inputs[0].flatten(1),
    "Gemm": lambda inputs, _: F.linear(*inputs),  # transB, as the writer has it
    "GlobalAveragePool": lambda inputs, _: inputs[0].mean((2, 3), keepdim=True),
    "HardSwish": lambda inputs, _: F.hardswish(inputs[0]),
    "Identity": lambda inputs, _: inputs[0].clone(),
    "LRN": lambda inputs, at: F.local_response_norm(inputs[0], at["size"], at["alpha"], at["beta"], at["bias"]),
    "MaxPool": _max_pool,
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "Pad": _pad,
    "Relu": lambda inputs, _: inputs[0].relu(),
    "Reshape": _reshape,
    "Sigmoid": lambda inputs, _: inputs[0].sigmoid(),
    "Transpose": lambda inputs, attributes: inputs[0].permute(attributes["perm"]),
}
