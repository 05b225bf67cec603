"""Reading an expression as another one: every node changed by one function."""

from collections.abc import Callable
from dataclasses import replace

from nas import ops
from nas.ops import Network, Op


def rewritten(network: Network, change: Callable[[Op], Op]) -> Network:
    """The network with change applied to each node, to the parts of a node before the node itself."""
    return Network(ops.seq(*(_rewritten(op, change) for op in network.op.ops)), network.input)


def _rewritten(op: Op, change: Callable[[Op], Op]) -> Op:
    match op:
        case ops.Seq():
            op = ops.Seq(tuple(_rewritten(part, change) for part in op.ops))
        case ops.Concat():
            op = replace(op, branches=tuple(_rewritten(branch, change) for branch in op.branches))
        case ops.Residual():
            op = replace(op, body=_rewritten(op.body, change), shortcut=_rewritten(op.shortcut, change))
    return change(op)
