"""Reading a network as the kernels a device runs: one block at one input shape, the key of the latency database.

A block, not a single op, is the unit, because runtimes fuse within blocks: measured in its context, a block says more
about the network than its ops apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nas.ops import Dropout, Network, Op, Shape
from nas.ops.cost import read
from nas.ops.notation import write


@dataclass(frozen=True, slots=True)
class Kernel:
    """One member of a network at its input shape; equal kernels take equal time on one device."""

    op: Op
    x: Shape

    @property
    def key(self) -> str:
        """One line of text that determines the kernel: `SHAPE notation`."""
        return f"{self.x} {write(self.op)}"


def kernels(network: Network) -> Iterator[Kernel]:
    """The members of the outermost sequence in execution order, without those that only matter in training."""
    x = network.input
    for op in network.op.ops:
        if not isinstance(op, Dropout):
            yield Kernel(op, x)
        x, _ = read(op, x)
