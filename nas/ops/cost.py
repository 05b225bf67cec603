"""Reading an expression as sizes: output shape, parameters, multiply-adds and activation memory.

params counts convolution and linear weights, their biases and batch-norm scale and shift, without running statistics.
macs counts the multiply-adds of convolution and linear layers for one image. activations is the largest number of
feature-map values alive at once, inputs of pending branches included. codes counts the weights that are to be codes,
coded_bits what all layers are expected to take in a compressed file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from math import ceil

from nas import ops
from nas.errors import InvalidArchitectureError
from nas.ops import Network, Op, Shape
from nas.ops.limits import FLOAT_BYTES, MAX_ACTIVATIONS, MAX_MACS, MAX_PARAMS
from nas.ops.precisions import FILE_BYTES, FLOAT32, WITH_ZERO, layer_bits


@dataclass(frozen=True, slots=True)
class Cost:
    """What an expression needs at one input shape."""

    params: int = 0
    macs: int = 0
    activations: int = 0
    codes: int = 0
    coded_bits: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of the parameters in 32-bit floats; with codes, those that the compressed file is expected to have."""
        is_coded = self.codes > 0  # in arithmetic, as costs of many networks are arrays
        return (FILE_BYTES + self.coded_bits // 8) * is_coded + FLOAT_BYTES * self.params * (1 - is_coded)

    @property
    def peak_memory_bytes(self) -> int:
        """Bytes of the largest set of feature maps alive at once, in 32-bit floats."""
        return FLOAT_BYTES * self.activations


def volume(x: Shape) -> int:
    """Values in a feature map."""
    return x.channels * x.height * x.width


def is_coded(network: Network) -> bool:
    """Whether some weights of the network are to be codes: its file is a compressed one then."""
    return network_cost(network).codes > 0


def network_cost(network: Network) -> Cost:
    """Cost of a whole network; InvalidArchitectureError says why one cannot be built."""
    return cost_of(network.op, network.input)[1]


@singledispatch
def cost_of(op: Op, x: Shape) -> tuple[Shape, Cost]:
    """Output shape and cost of op on an input of shape x; InvalidArchitectureError gives the reason if it has none, or
    is beyond nas.ops.limits.
    """
    raise TypeError(f"no cost rule for {type(op).__name__} at {x}")


def placed(sequence: Iterable[Op], x: Shape) -> Iterator[tuple[Op, Shape]]:
    """The ops of a sequence on an input of shape x, each with the shape of its own input."""
    for op in sequence:
        yield op, x
        x, _ = cost_of(op, x)


def inner_path(path: str, name: str) -> str:
    """The path of a part of the op at path, by its name in that op; a whole network has the path ""."""
    return f"{path}.{name}" if path else name


def parts(op: Op, x: Shape) -> Iterator[tuple[Op, Shape]]:
    """The ops that op joins, given an input of shape x, each with the shape of its own input; none for a leaf."""
    match op:
        case ops.Seq():
            return placed(op.ops, x)
        case ops.Concat():
            return ((branch, x) for branch in op.branches)
        case ops.Residual():
            return ((part, x) for part in (op.body, op.shortcut))
        case ops.Leaf():
            return iter(())
    raise TypeError(f"no parts of {type(op).__name__} at {x}")


LIMITS = {"params": MAX_PARAMS, "macs": MAX_MACS, "activations": MAX_ACTIVATIONS}
"""The largest value of each field of a Cost."""

_MEANING = {"params": "parameters", "macs": "multiply-adds", "activations": "values in its feature maps at once"}


def within_limits(cost: Cost) -> Cost:
    """The cost; InvalidArchitectureError if it is beyond nas.ops.limits."""
    if cost.params <= MAX_PARAMS and cost.macs <= MAX_MACS and cost.activations <= MAX_ACTIVATIONS:
        return cost
    name, most = next((name, most) for name, most in LIMITS.items() if getattr(cost, name) > most)
    raise InvalidArchitectureError(
        f"{getattr(cost, name):,} {_MEANING[name]}, more than {most:,}: make it narrower, or its images smaller"
    )


def sequence_cost(costs: Iterable[Cost]) -> Cost:
    """Cost of parts computed one after the other; InvalidArchitectureError if it is beyond nas.ops.limits."""
    params = macs = activations = codes = coded_bits = 0
    for cost in costs:
        params, macs = params + cost.params, macs + cost.macs
        activations = max(activations, cost.activations)
        codes, coded_bits = codes + cost.codes, coded_bits + cost.coded_bits
    return within_limits(Cost(params, macs, activations, codes, coded_bits))


def _leaf(x: Shape, y: Shape, params: int = 0, macs: int = 0, stored: tuple[int, int] = (0, 0)) -> tuple[Shape, Cost]:
    """stored: codes and coded_bits."""
    return y, within_limits(Cost(params, macs, volume(x) + volume(y), *stored))


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise InvalidArchitectureError(why)


def _windows(size: int, op: ops.Conv | ops.Pool) -> int:
    """Windows of op along a side of `size` pixels."""
    if op.kernel <= 0 or op.stride <= 0 or op.pad < 0:
        raise InvalidArchitectureError(f"a window of {op.kernel} pixels with stride {op.stride}")
    room = size + 2 * op.pad - op.kernel
    if room < 0:
        raise InvalidArchitectureError(f"a {op.kernel}x{op.kernel} window does not fit on {size} pixels")
    if isinstance(op, ops.Conv):
        return room // op.stride + 1
    _require(op.pad <= op.kernel // 2, f"a {op.kernel}x{op.kernel} pool is padded by {op.pad}, more than half of it")
    windows = (ceil(room / op.stride) if op.ceil else room // op.stride) + 1
    # A window that would start behind the image, in the padding, is left out.
    return windows - 1 if (windows - 1) * op.stride >= size + op.pad else windows


def _stored(op: ops.Conv | ops.Linear | ops.SqueezeExcite, weights: int, outputs: int) -> tuple[int, int]:
    """codes and coded_bits of an op with so many weights and outputs."""
    _require(0 < op.density <= 1, f"a density of {op.density}, which is not in (0, 1]")
    _require(
        op.density == 1 or op.precision in WITH_ZERO,
        f"pruned weights in {op.precision}, which has no code for 0: give them {', '.join(WITH_ZERO)}, or density 1",
    )
    bits = layer_bits(op.precision, op.density, weights=weights, outputs=outputs)
    return weights * (op.precision != FLOAT32), bits


@cost_of.register
def _(op: ops.Conv, x: Shape) -> tuple[Shape, Cost]:
    _require(op.out > 0, f"a convolution to {op.out} channels")
    _require(op.groups > 0, f"a convolution in {op.groups} groups")
    _require(x.channels % op.groups == 0, f"{x.channels} input channels do not divide into {op.groups} groups")
    _require(op.out % op.groups == 0, f"{op.out} output channels do not divide into {op.groups} groups")
    y = Shape(op.out, _windows(x.height, op), _windows(x.width, op))
    weights = op.out * (x.channels // op.groups) * op.kernel**2
    params = weights + (2 if op.norm else 1) * op.out
    return _leaf(x, y, params, weights * y.height * y.width, _stored(op, weights, op.out))


@cost_of.register
def _(op: ops.Linear, x: Shape) -> tuple[Shape, Cost]:
    _require(op.out > 0, f"a linear layer to {op.out} numbers")
    weights = volume(x) * op.out
    return _leaf(x, Shape(op.out, 1, 1), weights + op.out, weights, _stored(op, weights, op.out))


@cost_of.register
def _(_: ops.BatchNorm, x: Shape) -> tuple[Shape, Cost]:
    return _leaf(x, x, 2 * x.channels, stored=(0, layer_bits(FLOAT32, 1.0, weights=x.channels, outputs=x.channels)))


@cost_of.register
def _(op: ops.Pool, x: Shape) -> tuple[Shape, Cost]:
    return _leaf(x, Shape(x.channels, _windows(x.height, op), _windows(x.width, op)))


@cost_of.register
def _(_: ops.GlobalPool, x: Shape) -> tuple[Shape, Cost]:
    return _leaf(x, Shape(x.channels, 1, 1))


@cost_of.register
def _(op: ops.Shuffle, x: Shape) -> tuple[Shape, Cost]:
    _require(op.groups > 0, f"a shuffle between {op.groups} groups")
    _require(x.channels % op.groups == 0, f"{x.channels} channels do not shuffle between {op.groups} groups")
    return _leaf(x, x)


@cost_of.register
def _(op: ops.SqueezeExcite, x: Shape) -> tuple[Shape, Cost]:
    _require(op.reduced > 0, f"a squeeze to {op.reduced} numbers")
    weights = 2 * x.channels * op.reduced
    outputs = op.reduced + x.channels
    return _leaf(x, x, weights + outputs, weights, _stored(op, weights, outputs))


@cost_of.register
def _(op: ops.LocalResponseNorm, x: Shape) -> tuple[Shape, Cost]:
    _require(op.size > 0 and op.size % 2 == 1, f"a normalisation across {op.size} channels, which have no middle")
    return _leaf(x, x)


@cost_of.register
def _(op: ops.Dropout, x: Shape) -> tuple[Shape, Cost]:
    _require(0 <= op.rate < 1, f"a dropout rate of {op.rate}, which is not in [0, 1)")
    return _leaf(x, x)


@cost_of.register(ops.Activation)
@cost_of.register(ops.Identity)
def _(_: Op, x: Shape) -> tuple[Shape, Cost]:
    return _leaf(x, x)


@cost_of.register
def _(op: ops.PadChannels, x: Shape) -> tuple[Shape, Cost]:
    _require(op.out >= x.channels, f"{x.channels} channels cannot be padded to {op.out}")
    return _leaf(x, x._replace(channels=op.out))


@cost_of.register
def _(op: ops.Seq, x: Shape) -> tuple[Shape, Cost]:
    costs = []
    for part in op.ops:
        x, cost = cost_of(part, x)
        costs.append(cost)
    return x, sequence_cost(costs)


@cost_of.register
def _(op: ops.Concat, x: Shape) -> tuple[Shape, Cost]:
    joined = [cost_of(branch, x) for branch in op.branches]
    maps = {(y.height, y.width) for y, _ in joined}
    _require(len(maps) == 1, f"concatenated branches differ in size: {', '.join(str(y) for y, _ in joined)}")
    y = joined[0][0]._replace(channels=sum(shape.channels for shape, _ in joined))
    return y, _beside(x, y, joined)


@cost_of.register
def _(op: ops.Residual, x: Shape) -> tuple[Shape, Cost]:
    joined = [cost_of(op.body, x), cost_of(op.shortcut, x)]
    (y, _), (short, _) = joined
    _require(y == short, f"a residual adds {y} to {short}")
    return y, _beside(x, y, joined)


def _beside(x: Shape, y: Shape, joined: list[tuple[Shape, Cost]]) -> Cost:
    """Cost of parts computed one after the other from one input x that stays alive, and then joined to y."""
    held, peak = 0, 0
    for shape, cost in joined:
        peak = max(peak, cost.activations + volume(x) + held)
        held += volume(shape)
    whole = sequence_cost(cost for _, cost in joined)
    return within_limits(replace(whole, activations=max(peak, held + volume(y))))
