"""The architecture of a finalist as a row of cards that wraps: a member of the network each, its ops inside."""

from collections.abc import Mapping
from typing import Any

from nas.quantities import TIMES, count, dimensions
from nas.report.boxes import Place, draw, extent
from nas.report.layout import Member, members
from nas.report.markup import Markup, join, tag

EDGE = 12
"""Pixels around the drawing of a card."""

LEAD = 10
"""Length of the line into the first op and out of the last one."""


def architecture(diagram: Mapping[str, Any], name: str) -> Markup:
    """The cards in order, between the shape of the input and that of the class scores."""
    cards = members(diagram)
    scores = cards[-1].output[0] if cards else diagram["input"][0]
    first = tag("li", tag("span", "image", class_="end"), class_="member")
    last = tag("li", _edge((scores,)), tag("span", "scores", class_="end"), class_="member")
    return tag("ol", first, join(map(_card, cards)), last, class_="network", aria_label=name)


def _card(member: Member) -> Markup:
    numbers = f"{member.first + 1}" if member.times == 1 else f"{member.first + 1}\u2013{member.last + 1}"
    repeated = tag("span", f"{TIMES} {member.times}", class_="times", title="equal members, one after the other")
    each = f"{member.times} {TIMES} " if member.times > 1 else ""
    costs = [tag("div", f"{each}{count(n)} {what}") for n, what in ((member.params, "params"), (member.macs, "MACs"))]
    head = tag("div", tag("span", numbers, class_="number"), repeated if member.times > 1 else None, class_="card-head")
    foot = tag("div", *(costs if member.params else ["no parameters"]), class_="card-foot")
    stacked = "card stacked" if member.times > 1 else "card"
    return tag("li", _edge(member.input), tag("div", head, _drawing(member), foot, class_=stacked), class_="member")


def _edge(shape: tuple[int, ...]) -> Markup:
    """An arrow under the shape of what flows along it; vectors by their length alone."""
    text = str(shape[0]) if shape[1:] in {(), (1, 1)} else dimensions(shape)
    arrow = tag("path", d="M0 5H48M42 1L48 5L42 9", class_="wire")
    drawn = tag("svg", arrow, viewBox="0 0 50 10", width=50, height=10, aria_hidden="true")
    return tag("span", tag("span", text, class_="shape"), drawn, class_="edge")


def _drawing(member: Member) -> Markup:
    size = extent(member.chain)
    width, height = size.left + size.right + 2 * EDGE, size.height + 2 * LEAD
    x = size.left + EDGE
    ends = [tag("path", d=f"M{x:.1f} {y:.1f}v{LEAD}", class_="wire") for y in (0.0, height - LEAD)]
    return tag(
        "svg",
        *ends,
        draw(member.chain, Place(x, LEAD)),
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=round(width),
        height=round(height),
        role="group",
        aria_label=f"member {member.first + 1}",
    )
