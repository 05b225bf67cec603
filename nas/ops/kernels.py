"""Reading a network as the kernels a device runs: one block at one input shape, the unit of the latency database.

A block, not a single op, is the unit, because runtimes fuse within blocks: measured in its context, a block says more
about the network than its ops apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nas.ops import Conv, Dropout, Identity, Network, Op, Pool, Shape, seq
from nas.ops.cost import cost_of
from nas.ops.notation import write

IMAGE_CHANNELS = 4
"""Inputs with at most so many channels are images; with more, they are what another block has computed."""

NOTHING = Network(seq(Identity()), Shape(1, 1, 1))
"""The context of a kernel that takes an image: a run that does nothing."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One member of a network at its input shape; equal kernels take equal time on one device."""

    op: Op
    x: Shape

    @property
    def key(self) -> str:
        """One line of text that determines the kernel: `SHAPE notation`."""
        return f"{self.x} {write(self.op)}"

    def in_context(self) -> Network:
        """The kernel as it stands in a network: behind a convolution, whose output it finds in the layout and the cache
        where the runtime leaves it, and before an op that reads one value of each channel of its own.

        On its own, a kernel would pay for changes of layout that a network does not make.
        """
        y, _ = cost_of(self.op, self.x)
        if self.x.channels <= IMAGE_CHANNELS:
            return Network(seq(self.op, *_end(y)), self.x)
        return Network(seq(Conv(self.x.channels), self.op, *_end(y)), _plane(self.x))

    def context(self) -> Network:
        """in_context without the kernel: the difference of both is what the kernel adds to a network."""
        if self.x.channels <= IMAGE_CHANNELS:
            return NOTHING
        return Network(seq(Conv(self.x.channels), *_end(self.x)), _plane(self.x))

    @classmethod
    def of_run(cls, run: Network) -> "Kernel | None":
        """The kernel that in_context wrote as run, or None."""
        first, *rest = run.op.ops
        found = []
        if isinstance(first, Conv) and rest:
            found.append(cls(rest[0], run.input._replace(channels=first.out)))
        found.append(cls(first, run.input))
        return next((kernel for kernel in found if kernel.context() != run == kernel.in_context()), None)


def _plane(x: Shape) -> Shape:
    return x._replace(channels=1)


def _end(y: Shape) -> tuple[Op, ...]:
    side = max(y.height, y.width)
    return (Pool(1, side, 0),) if side > 1 else ()


def kernels(network: Network) -> Iterator[Kernel]:
    """The members of the outermost sequence in execution order, without those that only matter in training."""
    x = network.input
    for op in network.op.ops:
        if not isinstance(op, Dropout):
            yield Kernel(op, x)
        x, _ = cost_of(op, x)
