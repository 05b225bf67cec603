"""Plots of benchmarks/reinforce_rewards.py as one SVG file: for each reward trials above, sampled latencies below."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nas.report.markup import Markup, join, tag
from searcher_plots import TEXT, ticks

COLOURS = {"25": "#4269d0", "75": "#e8853a"}
WIDTH, HEIGHT, BARS = 300, 220, 120
LEFT, TOP, RIGHT, BOTTOM = 46, 40, 10, 34
BINS = 30
MOST = 200
"""Dots of one reward and target."""

Row = Mapping[str, Any]


class Scale:
    """Linear, from values between low and high to places between first and last."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.low, self.high, self._first, self._last = low, high, first, last

    def __call__(self, value: float) -> float:
        return self._first + (value - self.low) / (self.high - self.low) * (self._last - self._first)


def draw(rows: Sequence[Row], rewards: Sequence[str]) -> str:
    latencies = np.concatenate([row["latency_ms"] for row in rows])
    accuracies = np.concatenate([row["accuracy"] for row in rows])
    most = float(max(np.quantile(latencies, 0.99), 1.1 * max(row["target_ms"] for row in rows)))
    x = Scale(0.0, most, LEFT, WIDTH - RIGHT)
    y = Scale(float(np.quantile(accuracies, 0.01)), float(accuracies.max()), HEIGHT - BOTTOM, TOP)
    by_reward = [[row for row in rows if row["reward"] == reward] for reward in rewards]
    panels = [
        tag("g", *_panel(of_reward, reward, x, y), transform=f"translate({place * WIDTH},0)")
        for place, (reward, of_reward) in enumerate(zip(rewards, by_reward, strict=True))
    ]
    size = {"width": WIDTH * len(rewards), "height": HEIGHT + BARS}
    box = f"0 0 {size['width']} {size['height']}"
    back = tag("rect", width="100%", height="100%", fill="#fff")
    return str(tag("svg", back, join(panels), xmlns="http://www.w3.org/2000/svg", viewBox=box, **size)) + "\n"


def _panel(rows: Sequence[Row], reward: str, x: Scale, y: Scale) -> Iterator[Markup]:
    yield tag("text", reward, x=LEFT, y=16, style=f"{TEXT};font-weight:bold")
    for value, text in ticks(y.low, y.high):
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value), stroke="#eee")
        yield tag("text", text, x=LEFT - 5, y=y(value) + 4, text_anchor="end", style=TEXT)
    for value, text in ticks(x.low, x.high):
        yield tag("text", text, x=x(value), y=HEIGHT + BARS - 18, text_anchor="middle", style=TEXT)
    yield tag("text", "latency, ms", x=(LEFT + WIDTH) / 2, y=HEIGHT + BARS - 4, text_anchor="middle", style=TEXT)
    for place, (target, colour) in enumerate(COLOURS.items()):
        of_target = [row for row in rows if row["target"] == target]
        if of_target:
            yield from _of_target(of_target, colour, x, y)
            label = f"T = {of_target[0]['target_ms']:.3g} ms"
            yield tag("text", label, x=LEFT + 90 * place, y=32, style=f"{TEXT};fill:{colour}")


def _of_target(rows: Sequence[Row], colour: str, x: Scale, y: Scale) -> Iterator[Markup]:
    """The trials of all seeds as dots, the winner of each seed as a ring, a line at the target, and bars below."""
    trials = [pair for row in rows for pair in zip(row["latency_ms"], row["accuracy"], strict=True)]
    for latency, accuracy in trials[:: max(1, len(trials) // MOST)]:
        if latency <= x.high and accuracy >= y.low:
            yield tag("circle", cx=f"{x(latency):.1f}", cy=f"{y(accuracy):.1f}", r=1.6, fill=colour, opacity=0.35)
    for row in rows:
        where = {"cx": f"{x(row['winner_ms']):.1f}", "cy": f"{y(row['winner_accuracy']):.1f}"}
        yield tag("circle", r=4.5, fill="none", stroke=colour, stroke_width=2, **where)
    line = x(rows[0]["target_ms"])
    yield tag("line", x1=line, x2=line, y1=TOP, y2=HEIGHT + BARS - BOTTOM, stroke=colour, stroke_dasharray="4 3")
    late = np.concatenate([row["latency_ms"][len(row["latency_ms"]) // 2 :] for row in rows])
    counts, edges = np.histogram(late, BINS, (x.low, x.high))
    base, tall = HEIGHT + BARS - BOTTOM, BARS - BOTTOM
    for count, low, high in zip(counts / max(1, counts.max()), edges[:-1], edges[1:], strict=True):
        height = tall * float(count)
        yield tag("rect", x=f"{x(low):.1f}", y=f"{base - height:.1f}", width=f"{x(high) - x(low) - 1:.1f}",
                  height=f"{height:.1f}", fill=colour, opacity=0.45)  # fmt: skip
