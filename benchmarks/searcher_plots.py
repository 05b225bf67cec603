"""Plots of benchmarks/searchers.py as one SVG file: for each problem hypervolume against trainings, and regrets."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil, floor, log, log10
from typing import Any

from nas.report.markup import Markup, join, tag

COLOURS = ("#4269d0", "#e8853a", "#2a9d5c", "#c0392b", "#8e5bb5", "#7a6a4f", "#d657a0", "#5b6770")
WIDTH, HEIGHT = 330, 250
LEFT, TOP, RIGHT, BOTTOM = 48, 34, 12, 36
TICKS = 6
"""At most so many on an axis."""
TEXT = "font-family:sans-serif;font-size:11px;fill:#222"

Row = Mapping[str, Any]
Label = Callable[[Row], str]


class Axes:
    """A panel whose values lie between low and high, and whose places are marked by names."""

    def __init__(self, places: Mapping[str, float], values: Sequence[float]) -> None:
        self.places = places
        low, high = min(values), max(values)
        margin = 0.05 * (high - low) or 0.05
        self._low, self._high = low - margin, high + margin
        self._first, self._last = min(places.values()), max(places.values())

    def x(self, place: str) -> float:
        share = (self.places[place] - self._first) / (self._last - self._first or 1)
        return LEFT + 12 + share * (WIDTH - LEFT - RIGHT - 24)

    def y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def frame(self, title: str, below: str) -> Iterator[Markup]:
        yield tag("text", title, x=LEFT, y=TOP - 12, style=f"{TEXT};font-weight:bold")
        yield tag("text", below, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 4, text_anchor="middle", style=TEXT)
        for value, text in ticks(self._low, self._high):
            y = self.y(value)
            yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, stroke="#ddd")
            yield tag("text", text, x=LEFT - 6, y=y + 4, text_anchor="end", style=TEXT)
        for name in self.places:
            yield tag("text", name, x=self.x(name), y=HEIGHT - BOTTOM + 14, text_anchor="middle", style=TEXT)


def ticks(low: float, high: float) -> Iterator[tuple[float, str]]:
    """Round values between low and high with their texts, in steps of 1, 2 or 5 of a power of ten."""
    power = floor(log10((high - low) / TICKS))
    step = next(factor * 10.0**power for factor in (1, 2, 5, 10) if (high - low) / (factor * 10.0**power) <= TICKS)
    for number in range(ceil(low / step), floor(high / step) + 1):
        yield number * step, f"{number * step:.{max(-floor(log10(step)), 0)}f}"


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    if len(values) == 1:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def panel(groups: Mapping[str, Sequence[Row]], part: str, title: str) -> Markup:
    """Medians as a line, quartiles as a band, for each searcher; part: hypervolume or regret."""
    names = list(dict.fromkeys(name for rows in groups.values() for row in rows for name in row[part]))
    spreads = {
        label: {name: spread([row[part][name] for row in rows if name in row[part]]) for name in names if rows}
        for label, rows in groups.items()
    }
    volumes = part == "hypervolume"
    axes = Axes(
        {name: log(float(name)) if volumes else float(i) for i, name in enumerate(names)},
        [value for each in spreads.values() for three in each.values() for value in three],
    )
    drawn = list(axes.frame(title, "trainings" if volumes else "latency target, percentile of the space"))
    for number, found in enumerate(spreads.values()):
        colour = COLOURS[number % len(COLOURS)]
        lower = [(axes.x(name), axes.y(low)) for name, (low, _, _) in found.items()]
        upper = [(axes.x(name), axes.y(high)) for name, (_, _, high) in found.items()]
        middle = [(axes.x(name), axes.y(median)) for name, (_, median, _) in found.items()]
        drawn.append(tag("polygon", points=_points([*lower, *reversed(upper)]), fill=colour, fill_opacity=0.15))
        drawn.append(tag("polyline", points=_points(middle), fill="none", stroke=colour, stroke_width=2))
        drawn += [tag("circle", cx=x, cy=y, r=2.5, fill=colour) for x, y in middle]
    return join(drawn)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def draw(rows: Sequence[Row], label: Label) -> str:
    """The plots of all rows: a line of two panels for each problem, and the searchers' names with their colours."""
    problems = list(dict.fromkeys(row["problem"] for row in rows))
    labels = list(dict.fromkeys(map(label, rows)))
    parts = []
    for line, problem in enumerate(problems):
        groups = {name: [r for r in rows if (r["problem"], label(r)) == (problem, name)] for name in labels}
        for column, (part, what) in enumerate(
            (("hypervolume", "normalised hypervolume"), ("regret", "regret, accuracy points"))
        ):
            place = f"translate({column * WIDTH} {line * HEIGHT})"
            parts.append(tag("g", panel(groups, part, f"{problem}: {what}"), transform=place))
    bottom = len(problems) * HEIGHT
    for number, name in enumerate(labels):
        y = bottom + 18 * (number + 1)
        parts.append(tag("rect", x=LEFT, y=y - 9, width=22, height=6, fill=COLOURS[number % len(COLOURS)]))
        parts.append(tag("text", name, x=LEFT + 30, y=y, style=TEXT))
    size = {"width": 2 * WIDTH, "height": bottom + 18 * len(labels) + 24}
    box = f"0 0 {size['width']} {size['height']}"
    background = tag("rect", width="100%", height="100%", fill="#fff")
    return tag("svg", background, *parts, xmlns="http://www.w3.org/2000/svg", viewBox=box, **size)
