"""Reading a network as the kernels a device runs: one block at one input shape, the unit of the latency database.

The unit is a block, not a single op, because runtimes fuse ops within blocks: the latency of a block, measured in its
context, predicts that of the network better than the latencies of its ops.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nas.ops import Conv, Dropout, Identity, Network, Op, Pool, Shape, seq
from nas.ops.cost import cost_of, placed
from nas.ops.notation import write
from nas.ops.rewriting import in_floats

IMAGE_CHANNELS = 4
"""Inputs with at most so many channels are taken as images, those with more as outputs of another block."""

NOTHING = Network(seq(Identity()), Shape(1, 1, 1))
"""The context of a kernel that takes an image: a network that computes nothing."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One member of a network at its input shape; equal kernels take equal time on one device.

    How its weights are stored is not part of it: runtimes turn codes into 32-bit floats as they load a file.
    """

    op: Op
    x: Shape

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", in_floats(self.op))

    @property
    def key(self) -> str:
        """One line of text that determines the kernel: `SHAPE notation`."""
        return f"{self.x} {write(self.op)}"

    def in_context(self) -> Network:
        """The kernel between a convolution before it and an op after it that reads one value of each output channel.

        The kernel finds its input in the layout and the cache where a runtime leaves it inside a network. On its own it
        would pay for changes of layout that a network does not make.
        """
        y, _ = cost_of(self.op, self.x)
        if self.x.channels <= IMAGE_CHANNELS:
            return Network(seq(self.op, *_end(y)), self.x)
        return Network(seq(Conv(self.x.channels), self.op, *_end(y)), _plane(self.x))

    def context(self) -> Network:
        """in_context without the kernel: the difference of their latencies is what the kernel adds to a network."""
        if self.x.channels <= IMAGE_CHANNELS:
            return NOTHING
        return Network(seq(Conv(self.x.channels), *_end(self.x)), _plane(self.x))

    @classmethod
    def of_run(cls, run: Network) -> "Kernel | None":
        """The kernel whose in_context is run, or None if there is none."""
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
    """The members of the outermost sequence in execution order, without those that a device does not run: identities,
    and dropout, which only matters in training.
    """
    return kernels_of(placed(network.op.ops, network.input))


def kernels_of(members: Iterable[tuple[Op, Shape]]) -> Iterator[Kernel]:
    """As kernels, of some members of an outermost sequence, each with the shape of its input."""
    return (Kernel(op, x) for op, x in members if not isinstance(op, Dropout | Identity))
