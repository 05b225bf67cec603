"""Finalists beside the curves of reference networks, at equal test accuracy."""

from collections.abc import Iterable, Mapping
from typing import Any

from nas.metric import metrics
from nas.quantities import TIMES, number, significant
from nas.reference_curves.outside import Outside
from nas.reference_curves.speed_up import Measured, SpeedUp, envelope, speed_up
from nas.report.markup import Markup, join, tag
from nas.statistics.proportions import Z95, interval

Record = Mapping[str, Any]
TEST, LATENCY = "test_accuracy", "latency_ms"

EXPLANATION = (
    "A curve is a reference network at several widths, trained, tested and measured as the finalists are; widths that "
    "are slower and no more accurate than another do not count. Between two widths the logarithm of the latency is "
    "taken as linear in the test accuracy. Intervals are of draws of all accuracies, as far as the number of test "
    "images leaves them open, and of all latencies, within their repeatability; they do not cover what other seeds of "
    "the trainings would change."
)


def curves(references: Iterable[Record], latency: str = LATENCY) -> dict[str, tuple[Measured, ...]]:
    """The curves of reference networks by name, each of the networks on it that were tested and measured, if two or
    more were. latency: the metric that is the latency on a device.
    """
    found: dict[str, list[Measured]] = {}
    for row in references:
        if row.get("curve") and (each := measured(row, latency)):
            found.setdefault(row["curve"], []).append(each)
    return {name: tuple(networks) for name, networks in found.items() if len(networks) > 1}


def measured(row: Record, latency: str = LATENCY) -> Measured | None:
    """A finalist or reference with intervals, as measured; None before it was."""
    accuracy, latency_ms = number(row["metrics"], TEST), number(row["metrics"], latency)
    if accuracy is None or not latency_ms or latency_ms < 0:
        return None
    bounds = interval(row["metrics"], TEST)
    error_ms = number(row["metrics"], latency.replace(LATENCY, "latency_error_ms"))
    return Measured(accuracy, latency_ms, None if bounds is None else (bounds[1] - bounds[0]) / (2 * Z95), error_ms)


def beside_curves(
    finalist: Record, of: Mapping[str, tuple[Measured, ...]], latency: str = LATENCY
) -> list[dict[str, Any]]:
    """How fast a finalist is beside each curve: the fields of SpeedUp, the name of the `curve`, and all as `text`."""
    own = measured(finalist, latency)
    if own is None:
        return []
    found = {name: speed_up(networks, own) for name, networks in of.items()}
    return [
        {
            "curve": name,
            "ratio": each.ratio,
            "low": each.low,
            "high": each.high,
            "outside": each.outside,
            "text": in_words(name, each, of[name]),
        }
        for name, each in found.items()
    ]


def in_words(curve: str, found: SpeedUp, networks: tuple[Measured, ...]) -> str:
    """How fast a finalist is beside the curve of that name, which is of these networks."""
    accuracy, times = metrics()["accuracy"], f"{significant(found.ratio, 2)}{TIMES}"
    ends = envelope(networks)
    match found.outside:
        case Outside.ABOVE:
            return (
                f"more accurate than the whole curve of {curve}, whose best has {accuracy.show(ends[-1].accuracy)}: "
                f"{times} as fast as that"
            )
        case Outside.BELOW:
            return (
                f"less accurate than the whole curve of {curve}, which begins at {accuracy.show(ends[0].accuracy)}: no "
                f"equal accuracy; {times} as fast as its fastest"
            )
    bounds = bounds_in_words(found.low, found.high)
    return f"{times} as fast as the curve of {curve} at equal test accuracy{f' ({bounds})' if bounds else ''}"


def bounds_in_words(low: float | None, high: float | None) -> str:
    """The 95 % interval of a ratio, whose ends may be open; empty if both are."""
    if low is not None and high is not None:
        return f"95 %: {significant(low, 2)} to {significant(high, 2)}"
    if low is not None:
        return f"95 %: {significant(low, 2)} or more"
    return "" if high is None else f"95 %: {significant(high, 2)} or less"


def curves_section(record: Record) -> Markup | None:
    """What each finalist is beside each curve, for a record with its outcome; None where there is no curve."""
    beside = [(row["trial"], each["text"]) for row in record["finalists"] for each in row.get("beside_curves", ())]
    if not beside:
        return None
    found = tag("ul", *(tag("li", tag("strong", f"Trial {trial}"), f": {text}") for trial, text in beside))
    return join([found, tag("p", EXPLANATION, class_="note")])
