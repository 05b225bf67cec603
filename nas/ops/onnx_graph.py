"""Reading a network as an ONNX graph, without torch and in milliseconds.

Batch norms of convolutions are folded into them, so the graph that a device times with random weights is, node for
node, the graph that is exported with trained ones, in which negligible weights are 0. Input `image` is float32
[batch, C, H, W], output `scores` is [batch, classes]; the batch is symbolic.
"""

from functools import singledispatchmethod
from itertools import pairwise
from math import log
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nas import ops
from nas.ops import Network, Op, Shape
from nas.ops.coded import CodedTensor
from nas.ops.cost import cost_of, inner_path, placed, volume
from nas.ops.low_bits import EVEN, POWERS, EvenSteps, PowersOfTwo
from nas.ops.thresholds import thresholds
from nas.ops.weights import Array, RandomWeights, StateWeights, Weights, without_negligible

__all__ = ["RandomWeights", "StateWeights", "Weights", "onnx_model", "tensors_by_member"]

FORMATS = {8: (17, 8, np.uint8), 4: (21, 10, ml_dtypes.uint4), 2: (25, 13, ml_dtypes.uint2)}
"""By bits of the shortest integers of a file: its opset, its IR version, and their type."""

_ACTIVATIONS = {"relu": "Relu", "hswish": "HardSwish", "sigmoid": "Sigmoid"}


def onnx_model(network: Network, weights: Weights) -> onnx.ModelProto:
    """The network as a checked ONNX model.

    An expression that does not end in a vector, such as a single block, has the feature map [batch, C, H, W] as scores.
    """
    graph = _Graph(weights)
    y, _ = cost_of(network.op, network.input)
    scores = graph.add(network.op, network.input, "image", "")
    graph.rename(scores, "scores")
    shape: list[str | int | None] = ["batch", volume(y)] if scores in graph.vectors else ["batch", *y]
    made = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *network.input])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, shape)],
        list(graph.constants.values()),
    )
    opset, version, _ = FORMATS[graph.shortest]
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=version, producer_name="nas")
    onnx.checker.check_model(model)
    return model


def tensors_by_member(network: Network) -> tuple[tuple[str, ...], ...]:
    """What the nodes of each member of the outermost sequence compute, by the names in the graph of float weights."""
    graph, tensor, ends = _Graph(RandomWeights(0)), "image", [0]
    for number, (op, x) in enumerate(placed(network.op.ops, network.input)):
        tensor = graph.add(op, x, tensor, inner_path("", str(number)))
        ends.append(len(graph.nodes))
    graph.rename(tensor, "scores")
    return tuple(tuple(node.output[0] for node in graph.nodes[start:end]) for start, end in pairwise(ends))


class _Graph:
    """ONNX nodes, added op by op. Tensors are known by name; `vectors` holds those of shape [batch, n]."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.vectors: set[str] = set()
        self.shortest = max(FORMATS)

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node; returns the name of its output."""
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant, unless there is one of that name; returns the name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(value, name)
        return name

    def flat(self, tensor: str) -> str:
        """The tensor as [batch, n]."""
        if tensor not in self.vectors:
            tensor = self.node("Flatten", [tensor], axis=1)
            self.vectors.add(tensor)
        return tensor

    def number(self, value: float) -> str:
        """Add a number; returns its name."""
        return self.constant(f"number.{value!r}", np.array(value, np.float32))

    def clipped(self, tensor: str, lowest: float, highest: float) -> str:
        return self.node("Clip", [tensor, self.number(lowest), self.number(highest)])

    def rounded_to_steps(self, tensor: str, steps: EvenSteps) -> str:
        """Add the rounding in floats. Around QuantizeLinear, ONNX Runtime would round weights to 8 bits of its own."""
        clipped = self.clipped(tensor, steps.lowest * steps.step, steps.highest * steps.step)
        rounded = self.node("Round", [self.node("Mul", [clipped, self.number(1 / steps.step)])])
        return self.node("Mul", [rounded, self.number(steps.step)])

    def rounded_to_powers(self, tensor: str, powers: PowersOfTwo) -> str:
        clipped = self.clipped(tensor, 0, 2.0**powers.largest)
        exponent = self.node("Mul", [self.node("Log", [clipped]), self.number(1 / log(2))])
        whole = self.clipped(self.node("Round", [exponent]), powers.smallest, powers.largest)
        above = self.node("Greater", [clipped, self.number(powers.threshold)])
        power = self.node("Pow", [self.number(2), whole])
        return self.node("Mul", [power, self.node("Cast", [above], to=TensorProto.FLOAT)])

    def act(self, act: str | None, tensor: str) -> str:
        if act is None:
            return tensor
        if act == "relu6":
            bounds = [self.constant("zero", np.array(0, np.float32)), self.constant("six", np.array(6, np.float32))]
            out = self.node("Clip", [tensor, *bounds])
        elif act in EVEN:
            out = self.rounded_to_steps(tensor, EVEN[act])
        elif act in POWERS:
            out = self.rounded_to_powers(tensor, POWERS[act])
        elif act == "sign":
            out = self.step(tensor, self.number(0), np.ones((), np.float32), -np.ones((), np.float32))
        else:
            out = self.node(_ACTIVATIONS[act], [tensor])
        if tensor in self.vectors:
            self.vectors.add(out)
        return out

    def step(self, tensor: str, threshold: str, above: NDArray[np.float32], below: NDArray[np.float32]) -> str:
        """Add `above` where the tensor is at least the threshold, and `below` elsewhere; all three broadcast."""
        sides = [
            self.constant(f"{threshold}.{name}", np.asarray(value))
            for name, value in (("above", above), ("below", below))
        ]
        return self.node("Where", [self.node("GreaterOrEqual", [tensor, threshold]), *sides])

    def layer(
        self, kind: str, tensor: str, path: str, arrays: tuple[Array | CodedTensor, Array], **attributes: Any
    ) -> str:
        """Add a node with a weight and a bias, named after its path; returns the name of its output."""
        weight, bias = arrays
        if isinstance(weight, CodedTensor):
            name = self.unpacked(f"{path}.weight", weight)
        else:
            name = self.constant(f"{path}.weight", without_negligible(weight))
        bias_name = self.constant(f"{path}.bias", without_negligible(bias))
        return self.node(kind, [tensor, name, bias_name], **attributes)

    def unpacked(self, name: str, weight: CodedTensor) -> str:
        """Add a weight as packed integers and a table of their values, which runtimes turn into numbers as they load.

        Returns the name of the numbers.
        """
        bits = min(width for width in FORMATS if width >= weight.bits)
        self.shortest = min(self.shortest, bits)
        codes = self.constant(f"{name}.codes", weight.codes.astype(FORMATS[bits][2]))
        levels = self.constant(f"{name}.levels", without_negligible(weight.levels))
        values = self.node("Gather", [levels, self.node("Cast", [codes], to=TensorProto.INT32)], axis=0)
        if weight.scale is None:
            return values
        by_output = weight.scale.reshape(-1, *[1] * (weight.codes.ndim - 1))
        return self.node("Mul", [values, self.constant(f"{name}.scale", without_negligible(by_output))])

    def rename(self, tensor: str, name: str) -> None:
        """Rename a tensor; the graph's input is copied first."""
        if not self.nodes or tensor == "image":
            self.node("Identity", [tensor])
            tensor = self.nodes[-1].output[0]
        for node in self.nodes:
            node.output[:] = [name if output == tensor else output for output in node.output]
            node.input[:] = [name if used == tensor else used for used in node.input]

    @singledispatchmethod
    def add(self, op: Op, x: Shape, tensor: str, path: str) -> str:
        """Add the nodes of op on a tensor of shape [batch, *x]; returns the name of the output."""
        raise TypeError(f"no ONNX rule for {type(op).__name__} at {x} ({path or 'network'}, after {tensor})")

    @add.register
    def _(self, op: ops.Conv, x: Shape, tensor: str, path: str) -> str:
        shape = (op.out, x.channels // op.groups, op.kernel, op.kernel)
        arrays = self.weights.folded(path, shape) if op.norm else self.weights.layer(f"{path}.conv", shape)
        out = self.layer(
            "Conv", tensor, f"{path}.conv", arrays, strides=[op.stride] * 2, pads=[op.pad] * 4, group=op.groups
        )
        return self.act(op.act, out)

    @add.register
    def _(self, op: ops.Linear, x: Shape, tensor: str, path: str) -> str:
        arrays = self.weights.layer(f"{path}.linear", (op.out, volume(x)))
        out = self.layer("Gemm", self.flat(tensor), f"{path}.linear", arrays, transB=1)
        self.vectors.add(out)
        return self.act(op.act, out)

    @add.register
    def _(self, op: ops.BatchNorm, x: Shape, tensor: str, path: str) -> str:
        name, is_vector = f"{path}.norm", tensor in self.vectors
        scale, shift = self.weights.norm(name, x.channels)
        by_channel = (-1,) if is_vector else (-1, 1, 1)
        if op.act == "sign":  # as a comparison it equals the torch reading, however a runtime fuses multiplications
            found = [values.reshape(by_channel) for values in thresholds(scale, shift)]
            out = self.step(tensor, self.constant(f"{name}.threshold", found[0]), *found[1:])
        else:
            factor, summand = (without_negligible(values.reshape(by_channel)) for values in (scale, shift))
            out = self.node("Mul", [tensor, self.constant(f"{name}.scale", factor)])
            out = self.node("Add", [out, self.constant(f"{name}.shift", summand)])
        if is_vector:
            self.vectors.add(out)
        return out if op.act == "sign" else self.act(op.act, out)

    @add.register
    def _(self, op: ops.Pool, _x: Shape, tensor: str, _path: str) -> str:
        kind = "MaxPool" if op.kind == "max" else "AveragePool"
        sides = {"kernel_shape": [op.kernel] * 2, "strides": [op.stride] * 2, "pads": [op.pad] * 4}
        return self.node(kind, [tensor], **sides, ceil_mode=int(op.ceil))

    @add.register
    def _(self, _op: ops.GlobalPool, _x: Shape, tensor: str, _path: str) -> str:
        return self.flat(self.node("GlobalAveragePool", [tensor]))

    @add.register
    def _(self, op: ops.Shuffle, x: Shape, tensor: str, _path: str) -> str:
        # All dimensions but the batch (0: unchanged) are static, so that every runtime can plan its memory.
        apart = np.array([0, op.groups, x.channels // op.groups, x.height, x.width])
        split = self.constant(f"shuffle.{op.groups}.{x}.apart", apart)
        joined = self.constant(f"shuffle.{x}.joined", np.array([0, *x]))
        groups = self.node("Reshape", [tensor, split])
        return self.node("Reshape", [self.node("Transpose", [groups], perm=[0, 2, 1, 3, 4]), joined])

    @add.register
    def _(self, op: ops.SqueezeExcite, x: Shape, tensor: str, path: str) -> str:
        gate = self.node("GlobalAveragePool", [tensor])
        reduce = self.weights.layer(f"{path}.reduce", (op.reduced, x.channels, 1, 1))
        gate = self.act("relu", self.layer("Conv", gate, f"{path}.reduce", reduce))
        expand = self.weights.layer(f"{path}.expand", (x.channels, op.reduced, 1, 1))
        return self.node("Mul", [tensor, self.act("sigmoid", self.layer("Conv", gate, f"{path}.expand", expand))])

    @add.register
    def _(self, op: ops.Activation, _x: Shape, tensor: str, _path: str) -> str:
        return self.act(op.act, tensor)

    @add.register
    def _(self, op: ops.LocalResponseNorm, _x: Shape, tensor: str, _path: str) -> str:
        return self.node("LRN", [tensor], size=op.size, alpha=op.alpha, beta=op.beta, bias=op.bias)

    @add.register(ops.Dropout)
    @add.register(ops.Identity)
    def _(self, _op: Op, _x: Shape, tensor: str, _path: str) -> str:
        return tensor

    @add.register
    def _(self, op: ops.PadChannels, x: Shape, tensor: str, _path: str) -> str:
        more = op.out - x.channels
        return self.node("Pad", [tensor, self.constant(f"pad.{more}", np.array([0, 0, 0, 0, 0, more, 0, 0]))])

    @add.register
    def _(self, op: ops.Seq, x: Shape, tensor: str, path: str) -> str:
        for number, (part, at) in enumerate(placed(op.ops, x)):
            tensor = self.add(part, at, tensor, inner_path(path, str(number)))
        return tensor

    @add.register
    def _(self, op: ops.Concat, x: Shape, tensor: str, path: str) -> str:
        outputs = [self.add(b, x, tensor, inner_path(path, f"branches.{i}")) for i, b in enumerate(op.branches)]
        return self.act(op.act, self.node("Concat", outputs, axis=1))

    @add.register
    def _(self, op: ops.Residual, x: Shape, tensor: str, path: str) -> str:
        body = self.add(op.body, x, tensor, inner_path(path, "body"))
        shortcut = self.add(op.shortcut, x, tensor, inner_path(path, "shortcut"))
        return self.act(op.act, self.node("Add", [body, shortcut]))
