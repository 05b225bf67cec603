"""Reading a network as what it computes: one form of all the ways to write it, and content ids of that form.

Brackets, identities, paddings that are the default, and an activation behind the op that could apply it are ways to
write one network. So are ops without effect at their input shape: a window of one pixel, a shuffle of one group, a
stride where there is one window, a dropout of rate 0.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, singledispatchmethod
from typing import TypeVar

from nas import ops
from nas.ops import Network, Op, Shape
from nas.ops.cost import cost_of, parts
from nas.ops.low_bits import EVEN, POWERS
from nas.ops.notation import write, write_network
from nas.ops.rewriting import in_floats, rewritten

Window = TypeVar("Window", ops.Conv, ops.Pool)

_WITH_ACT = (ops.Conv, ops.Linear, ops.BatchNorm, ops.Concat, ops.Residual)
"""Ops that may apply an activation to their output."""

_IDEMPOTENT = ("relu", "relu6", "sign", *EVEN, *POWERS)
"""Activations that change nothing when they are applied a second time."""


def canonical(network: Network) -> Network:
    """The form that is equal for networks that compute the same, in training too, whatever their weights."""
    return _TRAINED.network(network)


def network_id(network: Network) -> str:
    """Content id of what a network computes, 16 hexadecimal digits. Networks with equal ids train alike."""
    return _digest(canonical(network))


def graph_id(network: Network) -> str:
    """Content id of what a device runs, 16 hexadecimal digits. Networks with equal ids take equal time.

    Dropout is left out, as is how weights are stored; ops without effect are not, as runtimes may spend time on them.
    """
    return _digest(_RUN.network(rewritten(network, in_floats)))


def spellings(op: Op, x: Shape) -> list[Op]:
    """Other ways to write an op, on an input of shape x, that a device runs alike: the canonical one, and that of
    blocks, which write a single layer as a sequence of one.
    """
    found = _RUN.one(op, x)
    if isinstance(found, ops.Residual) and isinstance(found.body, ops.Leaf):
        found_by_block: Op = replace(found, body=ops.Seq((found.body,)))
    else:
        found_by_block = ops.Seq((found,)) if isinstance(found, ops.Leaf) else found
    return [way for way in dict.fromkeys((found, found_by_block)) if way != op]


def _digest(form: Network) -> str:
    return hashlib.sha256(write_network(form).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Form:
    """A canonical form. dropout: whether dropout counts. idle: whether ops count that have no effect but may take time.

    `members` gives an op as the canonical ops that compute it one after the other, none for an identity.
    """

    dropout: bool
    idle: bool

    def network(self, network: Network) -> Network:
        x, found = network.input, []
        for op in network.op.ops:
            sequence, x = _read(self, op, x)
            found.append(sequence)
        return Network(ops.Seq(self.joined(found)), network.input)

    def joined(self, sequences: Iterable[tuple[Op, ...]]) -> tuple[Op, ...]:
        """The sequences as one, its activations applied by the ops before them where these can."""
        found: list[Op] = []
        for op in (op for sequence in sequences for op in sequence):
            last = found[-1] if found else None
            if not isinstance(op, ops.Activation) or not isinstance(last, _WITH_ACT):
                found.append(op)
            elif last.act is None:
                found[-1] = replace(last, act=op.act)
            elif self.idle or last.act != op.act or op.act not in _IDEMPOTENT:
                found.append(op)
        return tuple(found)

    def one(self, op: Op, x: Shape) -> Op:
        """The canonical op that computes op."""
        found = self.members(op, x)
        return found[0] if len(found) == 1 else ops.Seq(found) if found else ops.Identity()

    @singledispatchmethod
    def members(self, op: Op, x: Shape) -> tuple[Op, ...]:  # noqa: ARG002 - of most leaves there is one way to write
        return (op,)

    @members.register
    def _(self, _op: ops.Identity, _: Shape) -> tuple[Op, ...]:
        return ()

    @members.register
    def _(self, op: ops.Dropout, _: Shape) -> tuple[Op, ...]:
        return (op,) if self.dropout and op.rate > 0 else ()

    @members.register
    def _(self, op: ops.PadChannels, x: Shape) -> tuple[Op, ...]:
        return (op,) if self.idle or op.out > x.channels else ()

    @members.register
    def _(self, op: ops.Shuffle, x: Shape) -> tuple[Op, ...]:
        return (op,) if self.idle or 1 < op.groups < x.channels else ()

    @members.register
    def _(self, op: ops.GlobalPool, x: Shape) -> tuple[Op, ...]:
        return (op,) if self.idle or _pixels(x) > 1 else ()

    @members.register
    def _(self, op: ops.Conv, x: Shape) -> tuple[Op, ...]:
        return (self._window(op, x),)

    @members.register
    def _(self, op: ops.Pool, x: Shape) -> tuple[Op, ...]:
        if cost_of(op, x)[0] == cost_of(replace(op, ceil=False), x)[0]:
            op = replace(op, ceil=False)
        op = self._window(op, x)
        if self.idle:
            return (op,)
        if op.kernel == 1:  # the largest value of one pixel and its average are that pixel
            return (replace(op, kind="max"),) if op.stride > 1 or op.pad else ()
        whole = op.kind == "avg" and op.kernel == x.height == x.width and op.pad == 0
        return (ops.GlobalPool(),) if whole else (op,)

    def _window(self, op: Window, x: Shape) -> Window:
        """op with its padding as the default if it is equal, and one stride for all that give a single window."""
        if op.pad == op.kernel // 2:
            op = replace(op, padding=None)
        if not self.idle and _pixels(cost_of(op, x)[0]) == 1:
            op = replace(op, stride=max(x.height, x.width) + 2 * op.pad)
        return op

    @members.register
    def _(self, op: ops.Seq, x: Shape) -> tuple[Op, ...]:
        return self.joined(self.members(part, at) for part, at in parts(op, x))

    @members.register
    def _(self, op: ops.Concat, x: Shape) -> tuple[Op, ...]:
        branches = tuple(self._branches(op, x))
        if len(branches) > 1 or self.idle:
            return (ops.Concat(branches, op.act),)
        act = () if op.act is None else (ops.Activation(op.act),)
        return self.joined([self.members(branches[0], x), act])

    def _branches(self, op: ops.Concat, x: Shape) -> Iterator[Op]:
        """The canonical branches, with those of a concatenation in the place of a branch that is no more than that."""
        for branch in op.branches:
            found = self.one(branch, x)
            if isinstance(found, ops.Concat) and found.act is None and not self.idle:
                yield from found.branches
            else:
                yield found

    @members.register
    def _(self, op: ops.Residual, x: Shape) -> tuple[Op, ...]:
        summands = (self.one(part, x) for part, _ in parts(op, x))
        body, shortcut = sorted(summands, key=lambda part: (part == ops.Identity(), write(part)))
        return (ops.Residual(body, shortcut, op.act),)


@lru_cache(maxsize=4096)  # networks of one space share most of their members
def _read(form: _Form, op: Op, x: Shape) -> tuple[tuple[Op, ...], Shape]:
    """The canonical members of a network's member, and the shape of its output."""
    return form.members(op, x), cost_of(op, x)[0]


def _pixels(x: Shape) -> int:
    return x.height * x.width


_TRAINED = _Form(dropout=True, idle=False)
_RUN = _Form(dropout=False, idle=True)
