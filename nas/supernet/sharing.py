"""Reading an expression as its parts of shared weights: which slice of which tensor each of its parameters is.

A tensor is known by the role of its layer, not by its path: convolutions are counted by their kind and by the depthwise
ones before them, so that a gate, a skip or a missing expansion does not shift the others.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, singledispatch

from nas import ops
from nas.ops import Op, Shape
from nas.ops.cost import inner_path, parts

Sizes = tuple[int, ...]
"""Of a tensor, dimension by dimension: a convolution's kernel is (groups, outputs of a group, inputs of a group,
height, width), a value for each channel is (groups, channels of a group), a linear layer's matrix is (outputs,
channels, values of a channel)."""

KERNEL = 5
"""Dimensions of a convolution's kernel, the last two of which are cut from the middle."""


@dataclass(frozen=True, slots=True)
class Share:
    """One parameter of a network as a part of a shared tensor: the first `sizes` of each dimension, or the middle ones
    of a kernel's windows.

    path: of the parameter in the torch reading. key: of the tensor.
    """

    path: str
    key: str
    sizes: Sizes


def stored_shape(sizes: Sizes) -> tuple[int, ...]:
    """The shape of a parameter with these sizes, as torch has it."""
    if len(sizes) == KERNEL:
        groups, outputs, *rest = sizes
        return (groups * outputs, *rest)
    if len(sizes) == 3:  # noqa: PLR2004 - a matrix
        outputs, channels, values = sizes
        return (outputs, channels * values)
    return (sizes[0] * sizes[1],)


@lru_cache(maxsize=8192)  # networks of one space share most of their layers
def layer_shares(op: Op, x: Shape) -> tuple[Share, ...]:
    """The parameters of op on an input of shape x; paths and keys are relative to it.

    InvalidArchitectureError if it cannot be built.
    """
    return tuple(_shares(op, x, _Place()))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a layer an op is. passed: how many ops of each kind came before it in its branch."""

    path: str = ""
    branch: str = ""
    passed: Counter[str] = field(default_factory=Counter)

    def inner(self, name: str) -> "_Place":
        """A part that goes on with the counts of what it is in."""
        return replace(self, path=inner_path(self.path, name))

    def beside(self, name: str, branch: str) -> "_Place":
        """A part with weights of its own."""
        return _Place(inner_path(self.path, name), f"{self.branch}{branch}/")

    def count(self, kind: str) -> str:
        """The role of the next op of this kind."""
        number = self.passed[kind]
        self.passed[kind] += 1
        return f"{self.branch}{kind}{number}"

    def share(self, parameter: str, role: str, sizes: Sizes) -> Share:
        name = parameter.replace(".", "-")  # torch has no dots in names of parameters
        return Share(inner_path(self.path, parameter), f"{role}/{name}", sizes)


@singledispatch
def _shares(op: Op, x: Shape, at: _Place) -> Iterator[Share]:
    """Ops without parameters of their own, a sequence among them."""
    for number, (part, y) in enumerate(parts(op, x)):
        yield from _shares(part, y, at.inner(str(number)))


@_shares.register
def _(op: ops.Concat, x: Shape, at: _Place) -> Iterator[Share]:
    branch = at.count("branch")
    for number, (part, y) in enumerate(parts(op, x)):
        yield from _shares(part, y, at.beside(f"branches.{number}", f"{branch}-{number}"))


@_shares.register
def _(op: ops.Residual, x: Shape, at: _Place) -> Iterator[Share]:
    yield from _shares(op.body, x, at.inner("body"))
    yield from _shares(op.shortcut, x, at.beside("shortcut", at.count("shortcut")))


@_shares.register
def _(op: ops.Conv, x: Shape, at: _Place) -> Iterator[Share]:
    is_depthwise = 1 < op.groups == x.channels and op.kernel > 1
    kind = "depthwise" if is_depthwise else f"grouped{op.groups}-" if op.groups > 1 else "conv"
    after = at.passed["depthwise"]
    role = at.count(kind if is_depthwise else f"after{after}-{kind}")
    channels = (op.groups, op.out // op.groups)
    window = (op.kernel, op.kernel)
    yield at.share("conv.weight", role, (*channels, x.channels // op.groups, *window))
    for parameter in ("norm.weight", "norm.bias") if op.norm else ("conv.bias",):
        yield at.share(parameter, role, channels)


@_shares.register
def _(op: ops.Linear, x: Shape, at: _Place) -> Iterator[Share]:
    role = at.count(f"linear{x.height}x{x.width}-")
    yield at.share("linear.weight", role, (op.out, x.channels, x.height * x.width))
    yield at.share("linear.bias", role, (1, op.out))


@_shares.register
def _(_: ops.BatchNorm, x: Shape, at: _Place) -> Iterator[Share]:
    role = at.count("norm")
    for parameter in ("norm.weight", "norm.bias"):
        yield at.share(parameter, role, (1, x.channels))


@_shares.register
def _(op: ops.SqueezeExcite, x: Shape, at: _Place) -> Iterator[Share]:
    role = at.count("squeeze")
    for name, outputs, inputs in (("reduce", op.reduced, x.channels), ("expand", x.channels, op.reduced)):
        yield at.share(f"{name}.weight", role, (1, outputs, inputs, 1, 1))
        yield at.share(f"{name}.bias", role, (1, outputs))
