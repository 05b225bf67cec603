"""Reading an expression as its leaves, each at its input shape, in the order in which they run."""

from collections.abc import Iterator

from nas.ops import Leaf, Op, Shape
from nas.ops.cost import parts


def leaves(op: Op, x: Shape) -> Iterator[tuple[Leaf, Shape]]:
    """The leaves of op on an input of shape x; sums and concatenations are not leaves."""
    if isinstance(op, Leaf):
        yield op, x
        return
    for part, at in parts(op, x):
        yield from leaves(part, at)
