"""Reading an expression as its channels: which belong together, and the network without some of them.

Channels that are added to each other, or go through a depthwise convolution, are there or not together. So are those at
the same place in the groups of a grouped convolution or a shuffle, so that groups stay equal. Each such set is a class.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod

import numpy as np
from numpy.typing import NDArray

from nas import ops
from nas.ops import Network, Op, Shape
from nas.ops.cost import inner_path, placed

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Channels:
    """inputs, outputs: the class of each channel of the input and of the output of an op, by its path.

    fixed: bool [classes], those that cannot be removed: of the image, of the scores, and those that are normalised with
    their neighbours. groups: int [classes], equal for classes that a layer puts out together; of each, one has to stay.
    """

    inputs: Mapping[str, Ids]
    outputs: Mapping[str, Ids]
    fixed: Flags
    groups: Ids


def channels(network: Network) -> Channels:
    """The channels of a network. InvalidArchitectureError if it cannot be built."""
    reading = _Reading()
    image = reading.fresh(network.input.channels)
    reading.fix(image)
    reading.fix(reading.read(network.op, network.input, image, ""))
    classes = reading.classes
    names, of_channel = np.unique([classes.find(each) for each in range(len(classes.parents))], return_inverse=True)
    fixed = np.zeros(len(names), bool)
    fixed[of_channel[list(reading.fixed)]] = True
    together = _Sets()
    together.add(len(names))
    for made in reading.layers:
        together.join(of_channel[made])
    groups = np.array([together.find(each) for each in range(len(names))])
    inputs, outputs = ({path: of_channel[ids] for path, ids in by.items()} for by in (reading.inputs, reading.outputs))
    return Channels(inputs, outputs, fixed, groups)


def narrowed(network: Network, found: Channels, kept: Flags) -> Network:
    """The network with the channels of the classes that are kept [classes]."""
    return replace(network, op=ops.Seq(_parts(network.op.ops, "", found, kept)))


def _parts(sequence: tuple[Op, ...], path: str, found: Channels, kept: Flags, name: str = "") -> tuple[Op, ...]:
    return tuple(_narrowed(op, inner_path(path, f"{name}{number}"), found, kept) for number, op in enumerate(sequence))


def _narrowed(op: Op, path: str, found: Channels, kept: Flags) -> Op:
    match op:
        case ops.Seq():
            return ops.Seq(_parts(op.ops, path, found, kept))
        case ops.Concat():
            return replace(op, branches=_parts(op.branches, path, found, kept, "branches."))
        case ops.Residual():
            body = _narrowed(op.body, inner_path(path, "body"), found, kept)
            return replace(op, body=body, shortcut=_narrowed(op.shortcut, inner_path(path, "shortcut"), found, kept))
        case ops.Conv():
            left, out = (int(kept[by[path]].sum()) for by in (found.inputs, found.outputs))
            return replace(op, out=out, groups=left if is_depthwise(op, len(found.inputs[path])) else op.groups)
        case ops.Linear() | ops.PadChannels():
            return replace(op, out=int(kept[found.outputs[path]].sum()))
    return op


def is_depthwise(op: ops.Conv, channels: int) -> bool:
    """Whether each of its input channels has output channels of its own."""
    return op.groups == channels > 1


class _Sets:
    """Disjoint sets of numbers."""

    def __init__(self) -> None:
        self.parents: list[int] = []

    def add(self, count: int) -> Ids:
        first = len(self.parents)
        self.parents.extend(range(first, first + count))
        return np.arange(first, first + count)

    def find(self, number: int) -> int:
        while self.parents[number] != number:
            self.parents[number] = number = self.parents[self.parents[number]]
        return number

    def join(self, numbers: Ids) -> None:
        first = self.find(int(numbers[0]))
        for number in numbers[1:]:
            self.parents[self.find(int(number))] = first


@dataclass(slots=True)
class _Reading:
    """Each channel of each feature map as a number; those that belong together are joined."""

    classes: _Sets = field(default_factory=_Sets)
    inputs: dict[str, Ids] = field(default_factory=dict)
    outputs: dict[str, Ids] = field(default_factory=dict)
    layers: list[Ids] = field(default_factory=list)
    fixed: set[int] = field(default_factory=set)

    def fresh(self, count: int) -> Ids:
        """The channels that a layer puts out."""
        made = self.classes.add(count)
        self.layers.append(made)
        return made

    def fix(self, x: Ids) -> None:
        self.fixed.update(x.tolist())

    def equal_groups(self, x: Ids, groups: int) -> None:
        """Join the channels at the same place in each group."""
        for place in x.reshape(groups, -1).T:
            self.classes.join(place)

    def read(self, op: Op, shape: Shape, x: Ids, path: str) -> Ids:
        """The channels of the output of op on channels x."""
        self.inputs[path] = x
        self.outputs[path] = y = self.through(op, shape, x, path)
        return y

    @singledispatchmethod
    def through(self, _op: Op, _shape: Shape, x: Ids, _path: str) -> Ids:
        return x

    @through.register
    def _(self, op: ops.Conv, shape: Shape, x: Ids, _path: str) -> Ids:
        if is_depthwise(op, shape.channels):
            return np.repeat(x, op.out // len(x))
        y = self.fresh(op.out)
        if op.groups > 1:
            self.equal_groups(x, op.groups)
            self.equal_groups(y, op.groups)
        return y

    @through.register
    def _(self, op: ops.Linear, _shape: Shape, _x: Ids, _path: str) -> Ids:
        return self.fresh(op.out)

    @through.register
    def _(self, op: ops.Shuffle, _shape: Shape, x: Ids, _path: str) -> Ids:
        self.equal_groups(x, op.groups)
        return x.reshape(op.groups, -1).T.ravel()

    @through.register
    def _(self, _op: ops.LocalResponseNorm, _shape: Shape, x: Ids, _path: str) -> Ids:
        self.fix(x)
        return x

    @through.register
    def _(self, op: ops.PadChannels, _shape: Shape, x: Ids, _path: str) -> Ids:
        return np.concatenate((x, self.classes.add(op.out - len(x))))

    @through.register
    def _(self, op: ops.Seq, shape: Shape, x: Ids, path: str) -> Ids:
        for number, (part, at) in enumerate(placed(op.ops, shape)):
            x = self.read(part, at, x, inner_path(path, str(number)))
        return x

    @through.register
    def _(self, op: ops.Concat, shape: Shape, x: Ids, path: str) -> Ids:
        branches = enumerate(op.branches)
        return np.concatenate([self.read(part, shape, x, inner_path(path, f"branches.{i}")) for i, part in branches])

    @through.register
    def _(self, op: ops.Residual, shape: Shape, x: Ids, path: str) -> Ids:
        body = self.read(op.body, shape, x, inner_path(path, "body"))
        for pair in zip(body, self.read(op.shortcut, shape, x, inner_path(path, "shortcut")), strict=True):
            self.classes.join(np.array(pair))
        return body
