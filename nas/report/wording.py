"""Ops in a reader's words."""

from functools import singledispatch
from typing import NamedTuple

from nas.ops import (
    Activation,
    Conv,
    Dropout,
    GlobalPool,
    Linear,
    LocalResponseNorm,
    Op,
    PadChannels,
    Pool,
    Shuffle,
    SqueezeExcite,
)
from nas.ops.notation import parse, write
from nas.quantities import dimensions
from nas.report.layout import JOINTS, Node


class Words(NamedTuple):
    """What an op is, how it is set, and the family that gives its colour."""

    name: str
    detail: str = ""
    family: str = "plain"


def words(node: Node) -> Words:
    """The words for a node of a diagram."""
    text = str(node["text"])
    return Words(text, family="joint") if node["op"] in JOINTS else _said(parse(text), node["shape"][0])


@singledispatch
def _said(op: Op, channels: int) -> Words:  # noqa: ARG001 - channels of the output, for those who tell them
    return Words(write(op))


@_said.register
def _(op: Conv, channels: int) -> Words:
    depthwise = op.groups > 1 and op.groups == op.out
    groups = "" if op.groups == 1 or depthwise else f"{op.groups} groups"
    stride = f"stride {op.stride}" if op.stride > 1 else ""
    kind = "depthwise" if depthwise else "conv"
    return Words(f"{kind} {_window(op)}", _listed(f"{channels} ch", stride, groups, op.act or "linear"), kind)


@_said.register
def _(op: Linear, _: int) -> Words:
    return Words("linear", _listed(f"{op.out} outputs", op.act or ""), "linear")


@_said.register
def _(op: Pool, _: int) -> Words:
    return Words(f"{op.kind} pool {_window(op)}", f"stride {op.stride}", "pool")


@_said.register
def _(_: GlobalPool, channels: int) -> Words:
    return Words("global average", f"{channels} ch", "pool")


@_said.register
def _(op: SqueezeExcite, _: int) -> Words:
    return Words("squeeze-excite", f"through {op.reduced}", "gate")


@_said.register
def _(op: Shuffle, _: int) -> Words:
    return Words("shuffle", f"{op.groups} groups")


@_said.register
def _(op: Activation, _: int) -> Words:
    return Words(op.act)


@_said.register
def _(op: LocalResponseNorm, _: int) -> Words:
    return Words("local norm", f"over {op.size} ch")


@_said.register
def _(op: Dropout, _: int) -> Words:
    return Words("dropout", f"rate {op.rate:g}")


@_said.register
def _(op: PadChannels, _: int) -> Words:
    return Words("pad channels", f"to {op.out}")


def _window(op: Conv | Pool) -> str:
    return dimensions((op.kernel, op.kernel))


def _listed(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
