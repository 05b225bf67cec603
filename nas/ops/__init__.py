"""The expression that a network is written in: frozen data. The other modules of this package are its readings.

A leaf declares how its fields are written: `key` before a number, `words` for a value from a list. Notation, diagram
and latency features need no more: a new leaf is a class here and a rule in each of cost, onnx_graph and torch_reading.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from nas.ops.low_bits import EVEN, POWERS
from nas.ops.precisions import FLOAT32, WORDS

ACTIVATIONS = (None, "relu", "relu6", "hswish", "sigmoid", "sign", *EVEN, *POWERS)
"""`sign` is -1 for negative numbers and +1 for others, 0 among them (arXiv:1602.02830, equation 1)."""


class Shape(NamedTuple):
    """Feature map of one image: channels, height and width in pixels. A vector of n numbers is (n, 1, 1)."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width}"


class Op:
    """A node of a network expression."""

    __slots__ = ()


class Leaf(Op):
    """A node without parts."""

    __slots__ = ()
    tag: ClassVar[str]


def _number(key: str, default: Any) -> Any:
    return field(default=default, metadata={"key": key})


def _words(default: Any, **words: Any) -> Any:
    return field(default=default, metadata={"words": words})


def _precision() -> Any:
    """Of the weights, one of nas.ops.precisions."""
    return _words(FLOAT32, **WORDS)


def _density() -> Any:
    """Share of the weights that are not pruned."""
    return _number("d", 1.0)


@dataclass(frozen=True, slots=True)
class Conv(Leaf):
    """2-D convolution to `out` channels, then batch norm (or, norm=False, a bias), then an activation.

    padding None keeps the size (divided by the stride, rounded up) for odd kernels. precision and density are those of
    the weights: they are trained and stored so, and computed with as 32-bit floats.
    """

    tag: ClassVar[str] = "conv"
    out: int = field(metadata={"key": ""})
    kernel: int = _number("k", 1)
    stride: int = _number("s", 1)
    groups: int = _number("g", 1)
    padding: int | None = _number("p", None)
    norm: bool = _words(True, bias=False)
    act: str | None = _words("relu", **{act or "linear": act for act in ACTIVATIONS})
    precision: str = _precision()
    density: float = _density()

    @property
    def pad(self) -> int:
        return self.kernel // 2 if self.padding is None else self.padding


@dataclass(frozen=True, slots=True)
class Linear(Leaf):
    """Fully connected layer with bias over the flattened input, then an activation."""

    tag: ClassVar[str] = "linear"
    out: int = field(metadata={"key": ""})
    act: str | None = _words(None, **{act: act for act in ACTIVATIONS if act})
    precision: str = _precision()
    density: float = _density()


@dataclass(frozen=True, slots=True)
class BatchNorm(Leaf):
    """Batch norm of each channel on its own, not folded into a layer before it, then an activation.

    In a network of signs it comes after the pools, as the largest of binary values is nearly always 1.
    """

    tag: ClassVar[str] = "bn"
    act: str | None = _words(None, **{act: act for act in ACTIVATIONS if act})


@dataclass(frozen=True, slots=True)
class Pool(Leaf):
    """Maximum or average over windows. padding None is kernel // 2; averages leave the padding out.

    ceil rounds the output size up (Caffe's rule, as SqueezeNet uses it).
    """

    tag: ClassVar[str] = "pool"
    kernel: int = field(default=3, metadata={"key": ""})
    stride: int = _number("s", 2)
    padding: int | None = _number("p", None)
    kind: str = _words("max", avg="avg")
    ceil: bool = _words(False, ceil=True)

    @property
    def pad(self) -> int:
        return self.kernel // 2 if self.padding is None else self.padding


@dataclass(frozen=True, slots=True)
class GlobalPool(Leaf):
    """Average over the whole map, to a vector."""

    tag: ClassVar[str] = "gap"


@dataclass(frozen=True, slots=True)
class Shuffle(Leaf):
    """Channel shuffle between groups (ShuffleNet, section 3.1)."""

    tag: ClassVar[str] = "shuffle"
    groups: int = field(metadata={"key": ""})


@dataclass(frozen=True, slots=True)
class SqueezeExcite(Leaf):
    """Channels times a gate in [0, 1] computed from their averages through `reduced` numbers (arXiv:1709.01507)."""

    tag: ClassVar[str] = "se"
    reduced: int = field(metadata={"key": ""})
    precision: str = _precision()
    density: float = _density()


@dataclass(frozen=True, slots=True)
class Activation(Leaf):
    """An activation on its own."""

    tag: ClassVar[str] = "act"
    act: str = _words("relu", **{act: act for act in ACTIVATIONS if act})


@dataclass(frozen=True, slots=True)
class LocalResponseNorm(Leaf):
    """Normalisation across `size` neighbouring channels (AlexNet, section 3.3)."""

    tag: ClassVar[str] = "lrn"
    size: int = field(default=5, metadata={"key": ""})
    alpha: float = _number("a", 1e-4)
    beta: float = _number("b", 0.75)
    bias: float = _number("k", 2.0)


@dataclass(frozen=True, slots=True)
class Dropout(Leaf):
    """Zeroes a share of the inputs while training; nothing at inference."""

    tag: ClassVar[str] = "drop"
    rate: float = field(default=0.5, metadata={"key": ""})


@dataclass(frozen=True, slots=True)
class PadChannels(Leaf):
    """Appends zero channels up to `out` (ResNet's parameter-free shortcut, option A of arXiv:1512.03385)."""

    tag: ClassVar[str] = "padc"
    out: int = field(metadata={"key": ""})


@dataclass(frozen=True, slots=True)
class Identity(Leaf):
    """The input itself."""

    tag: ClassVar[str] = "id"


@dataclass(frozen=True, slots=True)
class Seq(Op):
    """Ops one after the other."""

    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Concat(Op):
    """Branches over the same input, joined along channels, then an activation."""

    branches: tuple[Op, ...]
    act: str | None = None


@dataclass(frozen=True, slots=True)
class Residual(Op):
    """body(input) + shortcut(input), then an activation."""

    body: Op
    shortcut: Op = Identity()
    act: str | None = None


LEAVES: dict[str, type[Leaf]] = {
    leaf.tag: leaf
    for leaf in (
        Conv,
        Linear,
        BatchNorm,
        Pool,
        GlobalPool,
        Shuffle,
        SqueezeExcite,
        PadChannels,
        LocalResponseNorm,
        Activation,
        Identity,
        Dropout,
    )
}


def seq(*ops: Op) -> Seq:
    """Ops one after the other, written without the tuple."""
    return Seq(ops)


@dataclass(frozen=True, slots=True)
class Network:
    """A whole network: an expression and the shape of the image it takes. Its output is a vector of class scores."""

    op: Seq
    input: Shape
