"""Chains of ops with their sizes in pixels, drawn from top to bottom around a vertical axis."""

from typing import NamedTuple

from nas.quantities import count, dimensions
from nas.report.labels import text_width
from nas.report.layout import Chain, Fork, Node
from nas.report.markup import Child, Markup, join, tag
from nas.report.wording import words

PILL, BARE_PILL = 40, 26
"""Heights of an op with and without a line of detail."""

GAP = 14
BEND = 20
"""Height of the bends above and below branches."""

LANE = 26
"""Width of an empty branch."""

BETWEEN = 14
JOINT_RADIUS = 9


class Extent(NamedTuple):
    """Pixels on either side of the axis, and down."""

    left: float
    right: float
    height: float


class Place(NamedTuple):
    """Where the axis enters from above."""

    x: float
    y: float


def extent(chain: Chain) -> Extent:
    sizes = [_size(item) for item in chain]
    gaps = GAP * max(len(sizes) - 1, 0)
    return Extent(
        max((size.left for size in sizes), default=LANE / 2),
        max((size.right for size in sizes), default=LANE / 2),
        sum(size.height for size in sizes) + gaps,
    )


def draw(chain: Chain, at: Place) -> Markup:
    """The ops of chain below one another, joined by lines."""
    parts: list[Child] = []
    y = at.y
    for item in chain:
        if y > at.y:
            parts.append(_line(at.x, y - GAP, at.x, y))
        parts.append(_fork(item, Place(at.x, y)) if isinstance(item, Fork) else _op(item, Place(at.x, y)))
        y += _size(item).height + GAP
    return join(parts)


def _size(item: Node | Fork) -> Extent:
    return _fork_size(item) if isinstance(item, Fork) else _op_size(item)


def _op_size(node: Node) -> Extent:
    said = words(node)
    if said.family == "joint":
        half = max(text_width(said.name, 11) / 2 + 10, JOINT_RADIUS)
        return Extent(half, half, BARE_PILL)
    half = max(text_width(said.name, 12.5), text_width(said.detail, 9.5)) / 2 + 9
    return Extent(half, half, PILL if said.detail else BARE_PILL)


def _fork_size(fork: Fork) -> Extent:
    sizes = [extent(branch) for branch in fork.branches]
    width = _width(sizes)
    left = sizes[0].left if _has_axis(fork) else width / 2
    joint = _op_size(fork.joint)
    height = max(size.height for size in sizes) + 2 * BEND + joint.height
    return Extent(max(left, joint.left), max(width - left, joint.right), height)


def _has_axis(fork: Fork) -> bool:
    """Whether the first branch stays on the axis, all others being empty."""
    return bool(fork.branches[0]) and not any(fork.branches[1:])


def _op(node: Node, at: Place) -> Markup:
    said, size = words(node), _op_size(node)
    left, width = at.x - size.left, size.left + size.right
    middle = at.y + size.height / 2
    shape = dimensions(node["shape"])
    costs = f"{count(node['params'])} params, {count(node['macs'])} MACs" if node["params"] else ""
    lines = [str(node["text"]), f"output {shape}", *([costs] if costs else [])]
    name = tag("text", said.name, x=at.x, y=middle + (-2.5 if said.detail else 4), class_="op-name")
    detail = tag("text", said.detail, x=at.x, y=middle + 12.5, class_="op-detail") if said.detail else None
    radius = size.height / 2 if said.family == "joint" else 8
    frame = tag("rect", x=left, y=at.y, width=width, height=size.height, rx=radius)
    return tag("g", tag("title", "\n".join(lines)), frame, name, detail, class_=f"mark op {said.family}")


def _fork(fork: Fork, at: Place) -> Markup:
    """The branches side by side, and the joint below them."""
    sizes = [extent(branch) for branch in fork.branches]
    height = _fork_size(fork).height
    top, bottom = at.y + BEND, at.y + height - _op_size(fork.joint).height - BEND
    x = at.x - (sizes[0].left if _has_axis(fork) else _width(sizes) / 2)
    parts: list[Child] = []
    for branch, own in zip(fork.branches, sizes, strict=True):
        axis = x + own.left
        parts += [_bend(at.x, at.y, axis, top), draw(branch, Place(axis, top))]
        parts += [_line(axis, top + own.height, axis, bottom), _bend(axis, bottom, at.x, bottom + BEND)]
        x += own.left + own.right + BETWEEN
    parts.append(_op(fork.joint, Place(at.x, bottom + BEND)))
    return join(parts)


def _width(sizes: list[Extent]) -> float:
    return sum(size.left + size.right for size in sizes) + BETWEEN * (len(sizes) - 1)


def _line(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return tag("path", d=f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", class_="wire")


def _bend(x1: float, y1: float, x2: float, y2: float) -> Markup:
    middle = (y1 + y2) / 2
    return tag(
        "path", d=f"M{x1:.1f} {y1:.1f}C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}", class_="wire"
    )
