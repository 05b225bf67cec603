"""Reading a network as a diagram: nodes and edges in JSON values, for a picture."""

from functools import singledispatchmethod
from typing import Any

from nas.ops import Concat, Identity, Leaf, Network, Op, Residual, Seq, Shape
from nas.ops.cost import cost_of, parts, placed
from nas.ops.notation import write


def diagram(network: Network) -> dict[str, Any]:
    """{"input": [C, H, W], "nodes": [...], "edges": [[from, to], ...]}; node ids are places in the list of nodes.

    A node has `op` (its tag; `image`, `cat` and `add` for the joints), `text` (its notation), `shape` of its output,
    `params`, `macs` and `member`, the number of the network's member it belongs to (-1 for the image).
    """
    drawing = _Drawing()
    tail = drawing.node("image", "image", network.input, -1)
    for member, (op, x) in enumerate(placed(network.op.ops, network.input)):
        drawing.member = member
        tail = drawing.draw(op, x, tail)
    return {"input": list(network.input), "nodes": drawing.nodes, "edges": drawing.edges}


class _Drawing:
    """Nodes and edges, added op by op."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[list[int]] = []
        self.member = -1

    def node(self, op: str, text: str, shape: Shape, *tails: int, params: int = 0, macs: int = 0) -> int:
        """Add a node after tails (none if negative); returns its id."""
        number = len(self.nodes)
        known = {"op": op, "text": text, "shape": list(shape), "params": params, "macs": macs}
        self.nodes.append({"id": number, **known, "member": self.member})
        self.edges += [[tail, number] for tail in tails if tail >= 0]
        return number

    @singledispatchmethod
    def draw(self, op: Op, x: Shape, tail: int) -> int:
        """Add op on an input of shape x that node tail puts out; returns the node of its output."""
        raise TypeError(f"no drawing of {type(op).__name__} at {x} after {tail}")

    @draw.register
    def _(self, op: Leaf, x: Shape, tail: int) -> int:
        y, cost = cost_of(op, x)
        return self.node(op.tag, write(op), y, tail, params=cost.params, macs=cost.macs)

    @draw.register
    def _(self, op: Identity, x: Shape, tail: int) -> int:  # noqa: ARG002 - nothing to draw
        return tail

    @draw.register
    def _(self, op: Seq, x: Shape, tail: int) -> int:
        for part, at in parts(op, x):
            tail = self.draw(part, at, tail)
        return tail

    @draw.register
    def _(self, op: Concat | Residual, x: Shape, tail: int) -> int:
        tails = [self.draw(part, at, tail) for part, at in parts(op, x)]
        kind, name = ("cat", "concat") if isinstance(op, Concat) else ("add", "add")
        return self.node(kind, f"{name} {op.act}" if op.act else name, cost_of(op, x)[0], *tails)
