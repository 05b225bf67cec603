"""What the plots share: the picture's frame, gridlines with their values, and marks with a text on hover."""

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin

from nas.report.axes import Axis
from nas.report.labels import Box
from nas.report.markup import Child, Markup, join, tag

WIDTH = 1040
Write = Callable[[float], str]


def picture(height: int, title: str, description: str, name: str, *parts: Child) -> Markup:
    """An SVG of WIDTH x height with a title and a description for those who do not see it."""
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="plot",
    )


def label(x: float, y: float, text: str, anchor: str = "middle", class_: str = "tick") -> Markup:
    """Text whose baseline is at y."""
    return tag("text", text, x=x, y=y, text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def horizontal(axis: Axis, area: Box, write: Write, caption: str) -> Markup:
    """The x axis under area, with gridlines."""
    parts: list[Child] = [line(area.left, area.bottom, area.right, area.bottom, "axis")]
    for tick in axis.ticks(8):
        x = axis(tick)
        parts += [line(x, area.top, x, area.bottom, "grid"), label(x, area.bottom + 20, write(tick))]
    parts.append(label(area.right, area.bottom + 42, caption, "end", "caption"))
    return tag("g", *parts, aria_hidden="true")


def vertical(axis: Axis, area: Box, write: Write, caption: str) -> Markup:
    """The y axis left of area, with gridlines; its caption stands above it."""
    parts: list[Child] = []
    for tick in axis.ticks(6):
        y = axis(tick)
        parts += [line(area.left, y, area.right, y, "grid"), label(area.left - 10, y + 4, write(tick), "end")]
    parts.append(label(8, area.top - 16, caption, "start", "caption"))
    return tag("g", *parts, aria_hidden="true")


def polyline(points: list[tuple[float, float]], class_: str) -> Markup:
    """A line through points; nothing if there are none."""
    steps = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    return tag("path", d=steps, class_=class_) if points else Markup()


def mark(shape: str, x: float, y: float, class_: str, *title: str) -> Markup:
    """A dot, diamond, star or triangle at (x, y); the lines of its title show on hover."""
    hover = tag("title", "\n".join(title)) if title else None
    attributes = {"class_": f"mark {class_}", "role": "img" if title else None}
    if shape == "dot":
        return tag("circle", hover, cx=x, cy=y, r=4.5, **attributes)
    return tag("path", hover, d=outline(shape, x, y), **attributes)


def outline(shape: str, x: float, y: float) -> str:
    """The path of a diamond, star or downward triangle around (x, y)."""
    if shape == "star":
        radii = (10.5, 4.6)
        corners = [(radii[i % 2], (2 * i - 5) * pi / 10) for i in range(10)]
    else:
        corners = (
            [(7.5, i * pi / 2) for i in range(4)]
            if shape == "diamond"
            else [(6, pi / 2 + i * 2 * pi / 3) for i in range(3)]
        )
    path = "L".join(f"{x + radius * cos(angle):.1f} {y + radius * sin(angle):.1f}" for radius, angle in corners)
    return f"M{path}Z"


def step(points: list[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """The corners of a line that holds each value until the next point, and the last one until end."""
    corners = points[:1]
    for (_, before), (x, y) in pairwise(points):
        corners += [(x, before), (x, y)]
    return [*corners, (end, points[-1][1])] if points else []


LINES: dict[str, Callable[[str], Markup]] = {
    "line": lambda class_: line(1, 11, 25, 11, class_),
    "tick": lambda class_: line(13, 3, 13, 19, class_),
}


def legend(*entries: tuple[str, str, str]) -> Markup:
    """Entries of a shape (or `line` or `tick`), its class and what it stands for."""
    items = []
    for shape, class_, text in entries:
        sign = LINES[shape](class_) if shape in LINES else mark(shape, 13, 11, class_)
        drawing = tag("svg", sign, viewBox="0 0 26 22", width=26, height=22, aria_hidden="true")
        items.append(tag("li", drawing, tag("span", text)))
    return tag("ul", join(items), class_="legend")
