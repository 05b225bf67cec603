"""Reading an expression as its leaves, each at its input shape, in the order in which they run."""

from collections.abc import Iterator
from functools import singledispatch
from itertools import chain

from nas.ops import Concat, Leaf, Op, Residual, Seq, Shape
from nas.ops.cost import placed


@singledispatch
def leaves(op: Op, x: Shape) -> Iterator[tuple[Leaf, Shape]]:
    """The leaves of op on an input of shape x; sums and concatenations are not leaves."""
    raise TypeError(f"no leaves of {type(op).__name__} at {x}")


@leaves.register
def _(op: Leaf, x: Shape) -> Iterator[tuple[Leaf, Shape]]:
    yield op, x


@leaves.register
def _(op: Seq, x: Shape) -> Iterator[tuple[Leaf, Shape]]:
    return chain.from_iterable(leaves(part, at) for part, at in placed(op.ops, x))


@leaves.register
def _(op: Concat, x: Shape) -> Iterator[tuple[Leaf, Shape]]:
    return chain.from_iterable(leaves(branch, x) for branch in op.branches)


@leaves.register
def _(op: Residual, x: Shape) -> Iterator[tuple[Leaf, Shape]]:
    return chain(leaves(op.body, x), leaves(op.shortcut, x))
