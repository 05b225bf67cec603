"""Reading an expression as another one: every node changed by one function."""

from collections.abc import Callable
from dataclasses import replace

from nas import ops
from nas.ops import Network, Op
from nas.ops.low_bits import EVEN, POWERS
from nas.ops.precisions import FLOAT32

REPLACED = {"relu", "relu6", "hswish", *POWERS, *(name for name, steps in EVEN.items() if steps.lowest == 0)}
"""Activations that give way to those of few bits; sigmoid and signed ones do not."""


def rewritten(network: Network, change: Callable[[Op], Op]) -> Network:
    """The network with change applied to each node, to the parts of a node before the node itself."""
    return Network(ops.seq(*(rewritten_op(op, change) for op in network.op.ops)), network.input)


def rewritten_op(op: Op, change: Callable[[Op], Op]) -> Op:
    """As rewritten, for a part of a network."""
    match op:
        case ops.Seq():
            op = ops.Seq(tuple(rewritten_op(part, change) for part in op.ops))
        case ops.Concat():
            op = replace(op, branches=tuple(rewritten_op(branch, change) for branch in op.branches))
        case ops.Residual():
            op = replace(op, body=rewritten_op(op.body, change), shortcut=rewritten_op(op.shortcut, change))
    return change(op)


def without_norms(network: Network) -> Network:
    """The network with a bias in place of the batch norm of each convolution."""
    return rewritten(network, lambda op: replace(op, norm=False) if isinstance(op, ops.Conv) else op)


def with_activation(op: Op, act: str) -> Op:
    """A node with this activation in place of one in REPLACED."""
    if isinstance(op, ops.Conv | ops.Linear | ops.Concat | ops.Residual | ops.Activation) and op.act in REPLACED:
        return replace(op, act=act)
    return op


def with_weights(op: Op, precision: str, density: float) -> Op:
    """A node with this precision and density of its weights, if it has weights.

    Convolutions in groups keep all of them: without its nine weights, a channel of a depthwise one would be constant.
    """
    if isinstance(op, ops.Conv) and op.groups > 1:
        density = 1.0
    if isinstance(op, ops.Conv | ops.Linear | ops.SqueezeExcite):
        return replace(op, precision=precision, density=density)
    return op


def in_floats(op: Op) -> Op:
    """The expression as devices run it: with the values of its weights, however these are stored."""
    return rewritten_op(op, lambda node: with_weights(node, FLOAT32, 1.0))
