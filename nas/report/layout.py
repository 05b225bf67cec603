"""The diagram of a network as a series-parallel tree, member by member, with a place for each op."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

Node = Mapping[str, Any]
JOINTS = frozenset({"add", "cat"})


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches from one point that meet in a joint; an empty branch is the input itself."""

    joint: Node
    branches: tuple["Chain", ...]


Chain = tuple[Node | Fork, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """Equal members of a network in a row: first and last number, the shapes around them, the cost of one."""

    first: int
    last: int
    chain: Chain
    input: tuple[int, ...]
    output: tuple[int, ...]
    params: int
    macs: int

    @property
    def times(self) -> int:
        return self.last - self.first + 1


def members(diagram: Mapping[str, Any]) -> list[Member]:
    """The members in order; neighbours that are the same in all but their number are one Member."""
    folded = []
    for _, group in groupby(_Graph(diagram).members(), key=lambda member: _signature(member.chain)):
        alike = list(group)
        folded.append(replace(alike[0], last=alike[-1].last))
    return folded


def _signature(chain: Chain) -> tuple[Any, ...]:
    return tuple(
        (*_look(item.joint), *(_signature(branch) for branch in item.branches))
        if isinstance(item, Fork)
        else _look(item)
        for item in chain
    )


def _look(node: Node) -> tuple[Any, ...]:
    return node["text"], *node["shape"], node["params"]


class _Graph:
    """Nodes by id, in an order in which edges go upwards, and the dominator of each."""

    def __init__(self, diagram: Mapping[str, Any]) -> None:
        self.nodes: dict[int, Node] = {node["id"]: node for node in diagram["nodes"]}
        self.before: dict[int, list[int]] = {n: [] for n in self.nodes}
        for tail, head in diagram["edges"]:
            self.before[head].append(tail)
        self.dominator: dict[int, int | None] = {}
        for n in sorted(self.nodes):
            self.dominator[n] = self._meet(self.before[n])

    def members(self) -> Iterator[Member]:
        entry = 0
        inside = (self.nodes[n] for n in sorted(self.nodes) if self.nodes[n]["member"] >= 0)
        for number, group in groupby(inside, key=lambda node: int(node["member"])):
            nodes = list(group)
            tail = nodes[-1]
            params, macs = (sum(node[key] for node in nodes) for key in ("params", "macs"))
            chain = self._chain(entry, tail["id"])
            shapes = tuple(self.nodes[entry]["shape"]), tuple(tail["shape"])
            yield Member(number, number, chain, *shapes, params, macs)
            entry = tail["id"]

    def _chain(self, start: int, end: int) -> Chain:
        """What lies after start, up to and with end."""
        items: list[Node | Fork] = []
        at: int | None = end
        while at is not None and at != start:
            node = self.nodes[at]
            if len(self.before[at]) > 1:
                fork = self.dominator[at]
                origin = start if fork is None else fork
                items.append(Fork(node, tuple(self._chain(origin, tail) for tail in self.before[at])))
            else:
                items.append(node)
            at = self.dominator[at]
        return tuple(reversed(items))

    def _meet(self, tails: list[int]) -> int | None:
        """The last node that every path to all of tails goes through."""
        if not tails:
            return None
        paths = [self._path(tail) for tail in tails]
        common = set(paths[0]).intersection(*paths[1:])
        return max(common, default=None)

    def _path(self, node: int | None) -> list[int]:
        path = []
        while node is not None:
            path.append(node)
            node = self.dominator[node]
        return path
