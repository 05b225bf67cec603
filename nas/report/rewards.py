"""Rewards drawn: curves of equal reward in the Pareto plot, and the best reward so far by trial."""

from collections.abc import Callable, Mapping
from itertools import accumulate

from nas.quantities import minus, number, significant
from nas.report.axes import Axis, decimals, fenced_axis
from nas.report.frame import WIDTH, horizontal, label, legend, mark, picture, polyline, step, vertical
from nas.report.labels import Box, text_width
from nas.report.markup import Markup, join, tag
from nas.report.results import SUCCEEDED, Point, Record, target, trials

HEIGHT = 270
AREA = Box(64, 44, WIDTH - 28, HEIGHT - 54)
SAMPLES = 120
"""Points on a curve of equal reward."""

BEYOND = 6
"""Curves of equal reward that meet the target above, and below, the range of accuracies."""


def iso_rewards(record: Record, x: Axis, y: Axis) -> tuple[Markup, str | None]:
    """Curves of equal reward at even steps, and their legend; nothing for objectives that need none.

    At the target the reward of MnasNet's and the absolute objective is the accuracy itself, so that a curve goes
    through each accuracy tick there.
    """
    accuracy = _accuracy(record)
    ticks = y.ticks(6)
    if accuracy is None or len(ticks) < 2:  # noqa: PLR2004 - a step is between two
        return Markup(), None
    rewards = [ticks[0] + i * (ticks[1] - ticks[0]) for i in range(-BEYOND, len(ticks) + BEYOND)]
    kink = target(record) or x.low
    latencies = sorted([kink, *(x.value(x.start + (x.end - x.start) * (i + 0.5) / SAMPLES) for i in range(SAMPLES))])
    curves = [_visible([(latency, accuracy(reward, latency)) for latency in latencies], y) for reward in rewards]
    area = tag("rect", x=x.start, y=y.end, width=x.end - x.start, height=y.start - y.end)
    drawn = [polyline([(x(a), y(b)) for a, b in curve], "iso") for curve in curves]
    clip = tag("clipPath", area, id="pareto-area")
    return tag("g", clip, *drawn, clip_path="url(#pareto-area)"), "equal reward; at the target it equals the accuracy"


def _visible(curve: list[Point], y: Axis) -> list[Point]:
    """The points of a curve in the range of y, and those next to them."""
    seen = [False, *(y.holds(accuracy) for _, accuracy in curve), False]
    return [point for i, point in enumerate(curve) if any(seen[i : i + 3])]


def _accuracy(record: Record) -> Callable[[float, float], float] | None:
    """The accuracy that earns a reward at a latency."""
    objective = record["objective"]
    submitted = record["spec"].get("objective")
    given = {**(submitted if isinstance(submitted, Mapping) else {}), **objective}
    limit, alpha, beta = target(record), number(given, "alpha"), number(given, "beta")
    if not limit or beta is None:
        return None
    if objective["name"] == "mnasnet" and alpha is not None:
        return lambda reward, latency: reward * (latency / limit) ** -(alpha if latency <= limit else beta)
    if objective["name"] == "tunas":
        return lambda reward, latency: reward - beta * abs(latency / limit - 1)
    return None


def reward_curve(record: Record) -> Markup:
    """Reward by trial and the best so far; a sentence where no trial has a reward yet."""
    rewarded = [(t["number"], r) for t in trials(record, SUCCEEDED) if (r := number(t, "reward")) is not None]
    if not rewarded:
        return tag("p", "No trial has a reward yet.", class_="empty")
    rewarded.sort()
    numbers, rewards = [n for n, _ in rewarded], [r for _, r in rewarded]
    last = max(*numbers, 1)
    x = Axis(-0.02 * last, last * 1.02, AREA.left, AREA.right)
    y = fenced_axis(rewards, [], AREA.bottom, AREA.top)
    best = list(accumulate(rewards, max))
    rises = [(x(n), y(b)) for i, (n, b) in enumerate(zip(numbers, best, strict=True)) if i == 0 or b > best[i - 1]]
    digits = decimals(y.ticks(6))
    parts = [
        horizontal(x, AREA, lambda v: f"{v:.0f}" if v == int(v) else "", "trial →"),
        vertical(y, AREA, lambda v: minus(f"{v:.{digits}f}"), "↑ reward"),
        *(_dot(x(n), y(max(r, y.low)), n, r) for n, r in rewarded),
        polyline(step([(x, min(y, AREA.bottom)) for x, y in rises], AREA.right), "front"),
        _name(f"best: {significant(best[-1])}, trial {numbers[rewards.index(best[-1])]}", *rises[-1]),
    ]
    description = f"The best reward is {significant(best[-1])}."
    drawn = picture(HEIGHT, "Best reward so far by trial", description, "progress", *parts)
    low = (
        [("triangle", "trial", f"below {minus(significant(y.low))}, drawn at the edge")] if min(rewards) < y.low else []
    )
    signs = legend(("dot", "trial", "reward of a trial"), ("line", "front", "best so far"), *low)
    return join([signs, tag("div", drawn, class_="wide", tabindex=0, role="group", aria_label="Plot")])


def _dot(x: float, y: float, trial: int, reward: float) -> Markup:
    shape = "triangle" if y >= AREA.bottom else "dot"
    return mark(shape, x, min(y, AREA.bottom - 6), "trial", f"trial {trial}", f"reward {significant(reward)}")


def _name(text: str, x: float, y: float) -> Markup:
    """A name above the last rise, drawn inwards where it would leave the plot."""
    outside = x + text_width(text) > AREA.right
    return label(x, y - 10, text, "end" if outside else "start", "name front-name")
