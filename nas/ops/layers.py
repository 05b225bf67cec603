"""Reading an expression as its layers with trained numbers, in the order in which they run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Literal

from nas import ops
from nas.ops import Network, Op, Shape
from nas.ops.cost import inner_path, parts, volume
from nas.ops.precisions import FLOAT32


@dataclass(frozen=True, slots=True)
class WeightedLayer:
    """A convolution, a linear layer, or a batch norm on its own, whose weight is a factor for each channel.

    path: its name in the torch reading and in the ONNX reading. outputs: channels of its output. field: what one output
    number is computed from: channels, height and width of its weights. folds: whether a batch norm follows that the
    ONNX reading folds into the layer. precision, density: of the weight, as the expression has them.
    """

    path: str
    outputs: int
    field: Shape
    kind: Literal["conv", "linear", "norm"] = "conv"
    folds: bool = False
    precision: str = FLOAT32
    density: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the weight."""
        by_kind = {"conv": self.field, "linear": (volume(self.field),), "norm": ()}
        return (self.outputs, *by_kind[self.kind])


def weighted_layers(network: Network) -> tuple[WeightedLayer, ...]:
    """The layers of a network. InvalidArchitectureError if it cannot be built."""
    return tuple(_layers(network.op, network.input, ""))


@singledispatch
def _layers(op: Op, x: Shape, path: str) -> Iterator[WeightedLayer]:
    names = [f"branches.{i}" for i in range(len(op.branches))] if isinstance(op, ops.Concat) else ["body", "shortcut"]
    if isinstance(op, ops.Seq):
        names = [str(number) for number in range(len(op.ops))]
    for name, (part, at) in zip(names, parts(op, x), strict=False):
        yield from _layers(part, at, inner_path(path, name))


@_layers.register
def _(op: ops.Conv, x: Shape, path: str) -> Iterator[WeightedLayer]:
    field = Shape(x.channels // op.groups, op.kernel, op.kernel)
    yield WeightedLayer(f"{path}.conv", op.out, field, "conv", op.norm, op.precision, op.density)


@_layers.register
def _(op: ops.Linear, x: Shape, path: str) -> Iterator[WeightedLayer]:
    yield WeightedLayer(f"{path}.linear", op.out, x, "linear", precision=op.precision, density=op.density)


@_layers.register
def _(_: ops.BatchNorm, x: Shape, path: str) -> Iterator[WeightedLayer]:
    yield WeightedLayer(f"{path}.norm", x.channels, Shape(1, 1, 1), "norm")


@_layers.register
def _(op: ops.SqueezeExcite, x: Shape, path: str) -> Iterator[WeightedLayer]:
    for name, outputs, inputs in (("reduce", op.reduced, x.channels), ("expand", x.channels, op.reduced)):
        field = Shape(inputs, 1, 1)
        yield WeightedLayer(f"{path}.{name}", outputs, field, precision=op.precision, density=op.density)
