"""The Pareto plot: latency against accuracy, with the front, the target, references and finalists."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from nas.quantities import milliseconds, number, percent, significant
from nas.report.axes import Axis, decimals, fenced_axis, latency_axis
from nas.report.frame import WIDTH, horizontal, label, legend, line, mark, picture, polyline, step, vertical
from nas.report.labels import Box, Placer, around, rows, text_width
from nas.report.markup import Child, Markup, join, tag
from nas.report.results import SUCCEEDED, Point, Record, point, search_accuracy, target, trials
from nas.report.rewards import iso_rewards

HEIGHT = 560
AREA = Box(64, 52, WIDTH - 28, HEIGHT - 62)
ROW = 20
"""Height of a row of reference names above the latency axis."""


def pareto_plot(record: Record) -> Markup:
    """The plot with its legend; a sentence where there is nothing to draw yet."""
    drawing = _Plot(record)
    return drawing.figure() if drawing.latencies else tag("p", "No latency is known yet.", class_="empty")


class _Plot:
    """One plot in the making."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.dots = [(trial, at) for trial in trials(record, SUCCEEDED) if (at := point(trial["metrics"]))]
        self.stars = [(f, at) for f in record["finalists"] if (at := point(f["metrics"], "test_accuracy"))]
        self.diamonds = [(r, at) for r in record["references"] if (at := point(r["metrics"]))]
        self.ticks = [r for r in record["references"] if not point(r["metrics"]) and _latency(r)]
        self.target = target(record)
        shown = [at for _, at in (*self.dots, *self.stars, *self.diamonds)]
        self.latencies = [x for x, _ in shown] + [_latency(r) for r in self.ticks] + [t for t in (self.target,) if t]
        self.accuracies = [y for _, y in shown]

    def figure(self) -> Markup:
        self.x = latency_axis(self.latencies, AREA.left, AREA.right)
        names = [(self.x(_latency(r)), text_width(r["label"]) + 10) for r in self.ticks]
        self.spans = rows(names, AREA.left)
        lane = max((ROW * (span.row + 1) + 8 for span in self.spans), default=0)
        self.y = accuracy_axis(self.accuracies, self._important(), AREA.bottom - lane, AREA.top)
        front = self._front()
        self.placer = Placer(AREA, self._obstacles(front))
        levels, text = iso_rewards(self.record, self.x, self.y)
        parts = [
            *self._axes(),
            levels,
            self._front_lines(front),
            self._target_line(),
            *(self._journey(finalist, at) for finalist, at in self.stars),
            *(self._dot(trial, at, trial["number"] in self.record["front"]) for trial, at in self.dots),
            *self._named(),
            *self._lane(),
        ]
        description = f"{len(self.dots)} trials, {len(front)} of them on the front, {len(self.stars)} finalists."
        drawn = picture(HEIGHT, "Accuracy against latency", description, "pareto", *parts)
        return join([self._legend(text), tag("div", drawn, class_="wide", tabindex=0, role="group", aria_label="Plot")])

    def _important(self) -> list[float]:
        front = [at[1] for trial, at in self.dots if trial["number"] in self.record["front"]]
        return front + [y for _, (_, y) in (*self.stars, *self.diamonds)]

    def _place(self, at: Point) -> Point:
        return self.x(at[0]), self.y(max(at[1], self.y.low))

    def _front(self) -> list[Point]:
        known = {trial["number"]: at for trial, at in self.dots}
        return [self._place(known[n]) for n in self.record["front"] if n in known]

    def _obstacles(self, front: list[Point]) -> list[Box]:
        marks = [around(*self._place(at), 7) for _, at in self.dots]
        marks += [around(*self._place(at), 12) for _, at in (*self.stars, *self.diamonds)]
        corners = step(front, AREA.right)
        for (x1, y1), (x2, y2) in pairwise(corners):
            marks.append(Box(min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1))
        if self.target:
            x = self.x(self.target)
            marks.append(Box(x - 3, AREA.top, x + 3, AREA.bottom))
        return marks

    def _axes(self) -> list[Markup]:
        places = max(decimals([100 * tick for tick in self.y.ticks(6)]), 0)
        scale = ", logarithmic" if self.x.log else ""
        return [
            horizontal(self.x, AREA, lambda v: significant(v, 2) if v < 10 else f"{v:g}", f"latency in ms{scale} →"),  # noqa: PLR2004 - two digits
            vertical(self.y, AREA, lambda v: f"{100 * v:.{places}f} %", "↑ accuracy"),
        ]

    def _front_lines(self, front: list[Point]) -> Markup:
        if not front:
            return Markup()
        corners = step(front, AREA.right)
        below = [(front[0][0], AREA.bottom), *corners, (AREA.right, AREA.bottom)]
        return join([polyline(below, "under-front"), polyline(corners, "front")])

    def _target_line(self) -> Markup:
        if not self.target:
            return Markup()
        x, text = self.x(self.target), f"target {milliseconds(self.target)}"
        half = text_width(text) / 2
        middle = min(max(x, AREA.left + 90 + half), AREA.right - half)
        return join(
            [
                line(x, AREA.top - 8, x, AREA.bottom, "target"),
                label(middle, AREA.top - 16, text, "middle", "name target-name"),
            ]
        )

    def _dot(self, trial: Record, at: Point, on_front: bool) -> Markup:
        shape, place = "triangle" if at[1] < self.y.low else "dot", self._place(at)
        lines = [
            f"trial {trial['number']}{' · on the front' if on_front else ''}",
            *_told(trial["metrics"], "accuracy"),
        ]
        return mark(shape, *place, "on-front" if on_front else "trial", *lines)

    def _journey(self, finalist: Record, at: Point) -> Markup:
        """A thin line from where the search saw a finalist to where measurement and test put it."""
        seen = next((place for trial, place in self.dots if trial["number"] == finalist["trial"]), None)
        return polyline([self._place(seen), self._place(at)], "journey") if seen else Markup()

    def _named(self) -> list[Child]:
        """Finalists and references with their names, which give way to each other."""
        parts: list[Child] = []
        for finalist, at in self.stars:
            name = f"trial {finalist['trial']}"
            told = [f"{name}, finalist", *_told(finalist["metrics"], "test_accuracy")]
            before = search_accuracy(self.record, finalist)
            told += [] if before is None else [f"{percent(before)} validation accuracy in the search"]
            parts += self._mark_and_name("star", at, "finalist", name, told)
        for reference, at in self.diamonds:
            told = [reference["label"], *_told(reference["metrics"], "accuracy")]
            parts += self._mark_and_name("diamond", at, "reference", reference["label"], told)
        return parts

    def _mark_and_name(self, shape: str, at: Point, class_: str, name: str, told: list[str]) -> list[Child]:
        x, y = self._place(at)
        box = self.placer.place(x, y, text_width(name) + 4, 11)
        text = label((box.left + box.right) / 2, box.bottom - 3.5, name, "middle", f"name {class_}-name")
        return [mark(shape, x, y, class_, *told), text]

    def _lane(self) -> list[Child]:
        """References without an accuracy: ticks on the latency axis with their names in rows above it."""
        parts: list[Child] = []
        for reference, span in zip(self.ticks, self.spans, strict=True):
            x, name = self.x(_latency(reference)), reference["label"]
            top = AREA.bottom - ROW * span.row - 16
            hover = tag("title", "\n".join([name, *_told(reference["metrics"], "accuracy")]))
            tick = line(x, top, x, AREA.bottom + 6, "reference-tick")
            parts.append(tag("g", hover, tick, class_="mark", role="img"))
            parts.append(label((span.left + span.right) / 2, top + 9, name, "middle", "name reference-name"))
        return parts

    def _legend(self, reward: str | None) -> Markup:
        entries = [("dot", "trial", "trial: estimated latency, validation accuracy"), ("line", "front", "Pareto front")]
        if any(at[1] < self.y.low for _, at in self.dots):
            entries.append(("triangle", "trial", f"trial below {percent(self.y.low, 0)}, drawn at the edge"))
        if self.stars:
            entries.append(("star", "finalist", "finalist: measured latency, test accuracy"))
        if self.diamonds:
            entries.append(("diamond", "reference", "reference: measured latency, validation accuracy"))
        if self.ticks:
            entries.append(("tick", "reference-tick", "reference: measured latency, not trained"))
        if reward:
            entries.append(("line", "iso", reward))
        return legend(*entries)


def accuracy_axis(values: list[float], important: list[float], start: float, end: float) -> Axis:
    """A fenced axis that ends at accuracies of 0 and, nearly, 1."""
    if not values:
        return Axis(0.0, 1.0, start, end)
    axis = fenced_axis(values, important, start, end)
    return replace(axis, low=max(axis.low, 0.0), high=min(axis.high, 1.01))


def _latency(reference: Record) -> float:
    return number(reference["metrics"], "latency_ms") or 0.0


def _told(metrics: Mapping[str, Any], accuracy: str) -> list[str]:
    error = number(metrics, "latency_error_ms")
    measured = milliseconds(number(metrics, "latency_ms")) + ("" if error is None else f" ± {significant(error, 2)}")
    value = number(metrics, accuracy)
    kind = "test" if accuracy.startswith("test") else "validation"
    return [measured, *([] if value is None else [f"{percent(value)} {kind} accuracy"])]
