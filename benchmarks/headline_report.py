"""Tables and the picture of benchmarks/headline.py."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

from headline_plan import cut_count
from headline_training import FP32, INT8, RATES, accuracies
from nas.ops.cost import network_cost
from nas.ops.notation import read_network
from nas.quantities import duration, percent, significant
from nas.reference_curves.outside import Outside
from nas.reference_curves.seeds import over_seeds
from nas.reference_curves.speed_up import Measured, envelope, speed_up
from nas.report.curves import bounds_in_words
from nas.report.markup import Markup, join, tag
from nas.statistics.proportions import Z95
from reward_plots import Scale
from searcher_plots import COLOURS, TEXT, ticks

Row = Mapping[str, Any]

SEARCH_CLAIM, SHUFFLE_CLAIM = 1.8, 13.0
DECIDING = "mobilenetv2"
WIDTH, HEIGHT = 380, 320
LEFT, TOP, RIGHT, BOTTOM = 46, 30, 12, 36


@dataclass(frozen=True)
class Device:
    """A device with what was measured there, by label. subjects: rows of the plan by label, finalists first."""

    name: str
    precision: str
    subjects: Mapping[str, Row]
    networks: Mapping[str, Measured]

    def curve(self, name: str | None) -> dict[str, Measured]:
        """The networks of a reference, at all widths and stems; those that were found, if name is None."""
        return {label: each for label, each in self.networks.items() if self.subjects[label]["curve"] == name}

    @property
    def curves(self) -> list[str]:
        return list(dict.fromkeys(row["curve"] for row in self.subjects.values() if row["curve"]))


def devices_of(plan: Row, subjects: Sequence[Row], rows: Sequence[Row], latencies: Sequence[Row]) -> list[Device]:
    found, by_label = [], {row["label"]: row for row in subjects}
    for row in latencies:
        if "latencies" in row:
            precision = INT8 if row["precision"] == INT8 else FP32
            tested = over_seeds(accuracies(rows, precision), images_of(plan)["test"])
            networks = {
                label: Measured(tested[label].accuracy, ms, tested[label].error, error if isfinite(error) else 0.0)
                for label, (ms, error) in row["latencies"].items()
                if label in tested
            }
            found.append(Device(row["device"], precision, by_label, networks))
    return found


def images_of(plan: Row) -> Mapping[str, int]:
    """How many images of each split networks are trained and tested on."""
    return {name: cut_count(count, plan["share"]) for name, count in plan["images"].items()}


def tables(
    plan: Row, cost: Row, subjects: Sequence[Row], rows: Sequence[Row], latencies: Sequence[Row]
) -> Iterator[str]:
    """Lines in Markdown."""
    devices = devices_of(plan, subjects, rows, latencies)
    yield from _set_up(plan, cost, rows)
    yield from _conditions(rows, latencies)
    yield from ("", "## Networks", "")
    yield from _networks(plan, subjects, rows, devices)
    yield from ("", "## Found networks beside the references, at equal test accuracy", "")
    yield from _speed_ups(devices)
    yield from ("", "## ShuffleNet beside AlexNet", "")
    yield from _shuffle(devices)


def _set_up(plan: Row, cost: Row, rows: Sequence[Row]) -> Iterator[str]:
    images, cores = images_of(plan), plan["parallel"]
    core_hours = cores * cost["seconds"] / 3600
    trained_s = sum(row.get("wall_seconds", 0.0) for row in rows)
    yield f"# {plan['data']['name']}, {plan['hours']:g} hours"
    yield ""
    yield f"{plan['machine']}; trainings have one core each, {cores} at a time."
    yield ""
    yield (
        f"- Search: {cost['trials']} trials by the evaluator {plan['evaluator']} ({cost['succeeded']} succeeded), "
        f"space {plan['space']['name']} with a stem of stride {plan['space']['stem']['stride']}, "
        f"{duration(cost['seconds'])}: {core_hours:.2f} core-hours, without measuring kernels."
    )
    yield (
        f"- Long trainings: {len(rows)} of {plan['final_epochs']} epochs on {images['train']:,} images, "
        f"{trained_s / 3600:.2f} core-hours; tested on {images['test']:,} images."
    )
    rates = ", ".join(f"{name} at the learning rate {rate:g}" for name, rate in RATES.items())
    yield f"- All by one recipe, but for {rates}."


def _conditions(rows: Sequence[Row], latencies: Sequence[Row]) -> Iterator[str]:
    """What went wrong, in lines of a list."""
    for row in rows:
        if problem := row.get("error") or row.get("note"):
            yield f"- {row['label']}, seed {row['seed']}: {problem}"
    for row in latencies:
        yield f"- {row['device']}: " + (f"not measured: {row['reason']}" if "reason" in row else row["runtime"])
        yield from (f"- {row['device']} refuses {label}: {why}" for label, why in row.get("refused", {}).items())
        if row.get("suspect"):
            yield f"- {row['device']}: measured on a machine that was not steady: {'; '.join(row['suspect'])}"


def _networks(plan: Row, subjects: Sequence[Row], rows: Sequence[Row], devices: Sequence[Device]) -> Iterator[str]:
    names = [f"{device.name}, ms" for device in devices]
    columns = ["network", "multiply-adds, millions", "seeds", "test accuracy", "in int8", *names]
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    found = {p: over_seeds(accuracies(rows, p), images_of(plan)["test"]) for p in (FP32, INT8)}
    for row in subjects:
        label = row["label"]
        if label not in found[FP32]:
            continue
        macs = network_cost(read_network(row["notation"])).macs / 1e6
        cells = [label, significant(macs), str(found[FP32][label].trainings)]
        for of_precision in found.values():
            each = of_precision.get(label)
            cells.append(f"{percent(each.accuracy)} ± {100 * Z95 * each.error:.1f}" if each else "none")
        for device in devices:
            ms = device.networks.get(label)
            cells.append(significant(ms.latency_ms) if ms else "none")
        yield f"| {' | '.join(cells)} |"


def _speed_ups(devices: Sequence[Device]) -> Iterator[str]:
    if not devices:
        yield "Nothing was measured."
        return
    curves = [name for name in devices[0].curves if name != "alexnet"]
    yield f"| device | network | {' | '.join(curves)} |"
    yield "|---" * (2 + len(curves)) + "|"
    for device in devices:
        for label, network in device.curve(None).items():
            cells = [beside(tuple(device.curve(name).values()), network) for name in curves]
            yield f"| {device.name} | {label} | {' | '.join(cells)} |"
    yield ""
    for device in devices:
        found = [speed_up(tuple(device.curve(DECIDING).values()), each) for each in device.curve(None).values()]
        as_accurate = [each for each in found if each.outside is not Outside.BELOW]
        yield (
            f"- {device.name}: networks found: {len(found)}; as accurate as MobileNetV2's curve or more: "
            f"{len(as_accurate)}; of these at least {SEARCH_CLAIM} times as fast: "
            f"{sum(each.ratio >= SEARCH_CLAIM for each in as_accurate)}, with 95 % confidence: "
            f"{sum((each.low or 0.0) >= SEARCH_CLAIM for each in as_accurate)}."
        )


def beside(curve: tuple[Measured, ...], network: Measured) -> str:
    """How many times as fast a network is as a curve at equal accuracy, in words for a cell."""
    if not curve:
        return "none"
    found, ends = speed_up(curve, network), envelope(curve)
    times = f"{significant(found.ratio, 2)}x"
    match found.outside:
        case Outside.ABOVE:
            return f"more accurate than all ({percent(ends[-1].accuracy, 1)}), {times} as fast as that"
        case Outside.BELOW:
            return f"less accurate than all ({percent(ends[0].accuracy, 1)})"
    bounds = bounds_in_words(found.low, found.high)
    return f"{times}{f' ({bounds})' if bounds else ''}"


def _shuffle(devices: Sequence[Device]) -> Iterator[str]:
    for device in devices:
        shuffle, (alexnet, *_) = tuple(device.curve("shufflenet").values()), [*device.curve("alexnet").values(), None]
        if not shuffle or alexnet is None:
            yield f"- {device.name}: one of the two was not measured."
            continue
        yield f"- {device.name}: {shuffle_beside_alexnet(shuffle, alexnet)}"


def shuffle_beside_alexnet(shuffle: tuple[Measured, ...], alexnet: Measured) -> str:
    """In words: how fast AlexNet is beside ShuffleNet's curve, read the other way round."""
    found, ends = speed_up(shuffle, alexnet), envelope(shuffle)
    times, own = f"{significant(1 / found.ratio, 2)}x", f"AlexNet, of {percent(alexnet.accuracy, 1)},"
    claimed = f"{'which reaches' if 1 / found.ratio >= SHUFFLE_CLAIM else 'which is less than'} {SHUFFLE_CLAIM:g}x"
    match found.outside:
        case Outside.ABOVE:
            best = percent(ends[-1].accuracy, 1)
            return f"{own} is more accurate than every ShuffleNet; the most accurate one, of {best}, is {times} as fast"
        case Outside.BELOW:
            fastest = percent(ends[0].accuracy, 1)
            return f"the fastest ShuffleNet, of {fastest}, is more accurate than {own} and {times} as fast, {claimed}"
    bounds = bounds_in_words(found.high and 1 / found.high, found.low and 1 / found.low)
    return f"at the accuracy of {own} ShuffleNet is {times} as fast{f' ({bounds})' if bounds else ''}, {claimed}"


def draw(plan: Row, subjects: Sequence[Row], rows: Sequence[Row], latencies: Sequence[Row]) -> str:
    """An SVG file: a panel for each device, of test accuracy against latency, with curves and what was found."""
    devices = devices_of(plan, subjects, rows, latencies)
    names = list(dict.fromkeys(name for device in devices for name in device.curves))
    colours = {name: COLOURS[1 + place % (len(COLOURS) - 1)] for place, name in enumerate(names)}
    panels = [
        tag("g", *_panel(device, colours), transform=f"translate({place * WIDTH},0)")
        for place, device in enumerate(devices)
        if device.networks
    ]
    legend = {"found by the search": COLOURS[0], **colours}
    keys = [
        join([tag("rect", x=x, y=HEIGHT + 6, width=14, height=6, fill=colour),
              tag("text", name, x=x + 18, y=HEIGHT + 13, style=TEXT)])
        for x, (name, colour) in zip(range(LEFT, 10_000, 130), legend.items(), strict=False)
    ]  # fmt: skip
    size = {"width": max(WIDTH * len(devices), LEFT + 130 * len(legend)), "height": HEIGHT + 24}
    box = f"0 0 {size['width']} {size['height']}"
    back = tag("rect", width="100%", height="100%", fill="#fff")
    return str(tag("svg", back, *panels, *keys, xmlns="http://www.w3.org/2000/svg", viewBox=box, **size)) + "\n"


def _panel(device: Device, colours: Mapping[str, str]) -> Iterator[Markup]:
    logs = [log10(each.latency_ms) for each in device.networks.values()]
    tops = [each.accuracy + Z95 * (each.accuracy_error or 0.0) for each in device.networks.values()]
    lows = [each.accuracy - Z95 * (each.accuracy_error or 0.0) for each in device.networks.values()]
    x = Scale(min(logs) - 0.05, max(logs) + 0.05, LEFT, WIDTH - RIGHT)
    y = Scale(100 * min(lows) - 0.5, 100 * max(tops) + 0.5, HEIGHT - BOTTOM, TOP)
    yield tag("text", device.name, x=LEFT, y=16, style=f"{TEXT};font-weight:bold")
    for value, text in ticks(y.low, y.high):
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value), stroke="#eee")
        yield tag("text", text, x=LEFT - 5, y=y(value) + 4, text_anchor="end", style=TEXT)
    for value in _round_values(x.low, x.high):
        yield tag("text", f"{value:g}", x=x(log10(value)), y=HEIGHT - 20, text_anchor="middle", style=TEXT)
    below = "latency, ms; test accuracy, %"
    yield tag("text", below, x=(LEFT + WIDTH) / 2, y=HEIGHT - 5, text_anchor="middle", style=TEXT)
    for name in device.curves:
        yield from _curve([*device.curve(name).values()], colours[name], x, y)
    for each in device.curve(None).values():
        yield from _point(each, COLOURS[0], x, y, radius=5.0)


def _round_values(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, between 10^low and 10^high."""
    values = (factor * 10.0**power for power in range(floor(low), floor(high) + 1) for factor in (1, 2, 5))
    return [value for value in values if low <= log10(value) <= high]


def _curve(networks: Sequence[Measured], colour: str, x: Scale, y: Scale) -> Iterator[Markup]:
    """The envelope as a line, through the networks on it, and all networks as points."""
    points = " ".join(f"{x(log10(e.latency_ms)):.1f},{y(100 * e.accuracy):.1f}" for e in envelope(networks))
    yield tag("polyline", points=points, fill="none", stroke=colour, stroke_width=1.5)
    for each in networks:
        yield from _point(each, colour, x, y, radius=2.5)


def _point(each: Measured, colour: str, x: Scale, y: Scale, *, radius: float) -> Iterator[Markup]:
    """A dot with the 95 % interval of its accuracy."""
    at, half = f"{x(log10(each.latency_ms)):.1f}", 100 * Z95 * (each.accuracy_error or 0.0)
    low, high = (f"{y(100 * each.accuracy + sign * half):.1f}" for sign in (-1, 1))
    yield tag("line", x1=at, x2=at, y1=low, y2=high, stroke=colour, opacity=0.5)
    yield tag("circle", cx=at, cy=f"{y(100 * each.accuracy):.1f}", r=radius, fill=colour)
