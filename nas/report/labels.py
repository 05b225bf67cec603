"""Labels beside marks, where they cover neither each other nor the marks."""

from dataclasses import dataclass
from math import cos, pi, sin
from typing import NamedTuple

LINE = 15
"""Height of a line of label text, in pixels."""

NARROW, WIDE = "fijlt.,:;'|!()[] ", "mwMW%@"


def text_width(text: str, font: float = 12) -> float:
    """About how wide bold text is, in pixels, in a system font of that size; rather too wide than too narrow."""
    units = sum(0.42 if c in NARROW else 1.0 if c in WIDE else 0.76 if c.isupper() else 0.68 for c in text)
    return units * font


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its left, top, right and bottom edges."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


def around(x: float, y: float, radius: float) -> Box:
    return Box(x - radius, y - radius, x + radius, y + radius)


class Placer:
    """Finds room for labels one after the other; each one placed is in the way of the next."""

    def __init__(self, bounds: Box, marks: list[Box]) -> None:
        self._bounds = bounds
        self._marks = list(marks)
        self._labels: list[Box] = []

    def place(self, x: float, y: float, width: float, radius: float) -> Box:
        """The best box of one line for a mark of that radius at (x, y)."""
        boxes = [
            _beside(x, y, width, radius + distance, turn * pi / 8)
            for distance in (3, 12, 24, 40, 60)
            for turn in (0, 8, 14, 2, 10, 6, 12, 4, 15, 1, 9, 7, 13, 11, 3, 5)
        ]
        best = min(boxes, key=self._cost)  # of equals the first: near before far, right before left
        self._labels.append(best)
        return best

    def _cost(self, box: Box) -> float:
        outside = box.area - box.overlap(self._bounds)
        return 50 * outside + 20 * sum(map(box.overlap, self._labels)) + sum(map(box.overlap, self._marks))


def _beside(x: float, y: float, width: float, distance: float, angle: float) -> Box:
    """A box whose edge is `distance` away from (x, y) in the direction of angle."""
    middle_x = x + cos(angle) * (distance + width / 2)
    middle_y = y + sin(angle) * (distance + LINE / 2)
    return Box(middle_x - width / 2, middle_y - LINE / 2, middle_x + width / 2, middle_y + LINE / 2)


class Span(NamedTuple):
    """Where a name lies in its row, row 0 being the lowest."""

    left: float
    right: float
    row: int


def rows(names: list[tuple[float, float]], start: float) -> list[Span]:
    """Places for names, given as (x of its tick, width), beside ticks that rise from an axis to the name's row.

    All names are left of their ticks, or all are right of them if one does not fit after start. A name lies above those
    whose ticks stand where it is, so that no tick crosses a name.
    """
    side = 1 if any(x - width < start for x, width in names) else -1
    spans: dict[int, Span] = {}
    for i in sorted(range(len(names)), key=lambda i: -side * names[i][0]):
        x, width = names[i]
        left, right = sorted((x, x + side * width))
        below = [span.row for j, span in spans.items() if left <= names[j][0] <= right]
        spans[i] = Span(left, right, max(below, default=-1) + 1)
    return [spans[i] for i in range(len(names))]
