"""The tables: finalists, every trial, and the trials that failed."""

from collections.abc import Collection, Sequence
from math import inf
from typing import NamedTuple
from urllib.parse import quote

from nas.metric import Metric, Source, metrics, present, tabulated
from nas.quantities import MISSING, aligned, milliseconds, minus, number, signed_percent
from nas.report.correlations import Correlation, interval
from nas.report.markup import Child, Markup, join, tag
from nas.report.results import (
    FAILED,
    LATENCY,
    STATES,
    SUCCEEDED,
    OnDevice,
    Record,
    accuracy_shown,
    estimate_error,
    on_devices,
    over,
    shown,
    trials,
    winner,
)


class Cell(NamedTuple):
    """What a cell shows, and the value it is sorted by."""

    shown: Child
    value: float | str | None = None


def finalists_table(record: Record) -> Markup:
    """One row a finalist, best first and marked; a sentence if there are none."""
    if not record["finalists"]:
        why = (
            "No trial became a finalist." if record["finished"] else "Finalists are trained when the search has ended."
        )
        return tag("p", why, class_="empty")
    _, *others = on_devices(record)
    heads = (
        *("model", "test accuracy", "validation accuracy", "latency", "p90", "estimated", "estimate off by"),
        *(f"{what} on {device.name}" for device in others for what in ("latency", "estimated")),
        *(size.heading for size in tabulated(Source.NETWORK)),
        *("file", "max |Δ| to torch"),
    )
    finalists = record["finalists"]
    rows = [tag("tr", *_finalist_cells(f, others), class_="first" if f["best"] else None) for f in finalists]
    table = _table("Finalists", [tag("th", head, scope="col") for head in heads], rows)
    return join([table, *map(_finalist_notes, finalists)])


def _finalist_cells(finalist: Record, others: Sequence[OnDevice]) -> list[Markup]:
    metrics = finalist["metrics"]
    link = tag("a", f"trial {finalist['trial']}", href=quote(finalist["file"]), title=finalist["file"])
    values = [
        *(accuracy_shown(metrics, key) for key in ("test_accuracy", "validation_accuracy")),
        *(shown(metrics, key, "latency_ms") for key in ("latency_ms", "latency_p90_ms", "estimated_latency_ms")),
        signed_percent(estimate_error(finalist)),
        *(shown(metrics, f"{kind}{device.latency}", LATENCY) for device in others for kind in ("", "estimated_")),
        *(shown(metrics, size.name) for size in tabulated(Source.NETWORK)),
        shown(metrics, "size_bytes"),
        _difference(metrics),
    ]
    best = tag("small", "best") if finalist["best"] else None
    return [tag("th", link, tag("code", finalist["id"]), best, scope="row"), *(tag("td", value) for value in values)]


def _finalist_notes(finalist: Record) -> Markup:
    """Its files beside the .onnx, as tested in their runtimes, why one is missing, why its estimate was wrong."""
    others = [_other_file(finalist, file) for file in finalist.get("files", ()) if file["file"] != finalist["file"]]
    notes = [note for note in (finalist.get("latency_note"), finalist.get("note")) if note]
    return join([*others, *(tag("p", f"Trial {finalist['trial']}: {note}", class_="note") for note in notes)])


def _other_file(finalist: Record, file: Record) -> Markup:
    link = tag("a", file["file"], href=quote(file["file"]))
    if "unpacks_to" in file:
        size = shown(file, "size_bytes")
        what = f", {size}: what `nas unpack` makes of it is tested and measured here."
        return tag("p", f"Trial {finalist['trial']} compressed: ", link, what, class_="note")
    return tag(
        "p",
        f"Trial {finalist['trial']} for {file['runtime']} {file['runtime_version']}: ",
        link,
        f", {shown(file, 'size_bytes')}. Run in it: {accuracy_shown(file)} test accuracy, "
        f"max |Δ| to ONNX Runtime {_difference(file)}.",
        class_="note",
    )


def _difference(metrics: Record) -> str:
    difference = number(metrics, "max_abs_difference")
    return MISSING if difference is None else minus(f"{difference:.1e}".replace("e-0", "e-"))


def devices_table(record: Record) -> Markup:
    """One row a device: its target, how many trials are on its front, and the finalist that is best for it."""
    heads = ("device", "target", "trials on its front", "best finalist for it", "latency on it", "test accuracy")
    rows = [
        tag("tr", tag("th", device.name, scope="row"), *(tag("td", cell) for cell in _device_cells(record, device)))
        for device in on_devices(record)
    ]
    return _table("Each device", [tag("th", head, scope="col") for head in heads], rows)


def _device_cells(record: Record, device: OnDevice) -> list[Child]:
    best = winner(record, device)
    front = [str(number) for number in record["fronts"][device.name]]
    cells: list[Child] = [milliseconds(device.target_ms), ", ".join(front) or MISSING]
    if best is None:
        return [*cells, MISSING, MISSING, MISSING]
    excess = over(best, device.latency, device.target_ms)
    beyond = f" ({signed_percent(excess)} over the target)" if 0 < excess < inf else ""
    latency = shown(best["metrics"], device.latency, LATENCY) + beyond
    return [*cells, f"trial {best['trial']}", latency, accuracy_shown(best["metrics"])]


def trials_table(record: Record) -> Markup:
    """Every trial; its columns can be sorted where scripts run."""
    latencies = [x for t in record["trials"] if (x := number(t["metrics"], "latency_ms") or 0.0) > 0]
    digits = aligned(latencies)
    columns_of = [*tabulated(), *present(trial["metrics"] for trial in record["trials"])]
    names = [name for metric in columns_of for name in _headings(metric)]
    heads = ("trial", "state", *names, "reward", "architecture")
    columns = [tag("th", head, scope="col", data_sort=head != "architecture") for head in heads]
    front = set(record["front"])
    rows = [
        _trial_row(trial, [cell for metric in columns_of for cell in _cells(metric, trial["metrics"], digits)], front)
        for trial in record["trials"]
    ]
    return _table("Trials", columns, rows, "trials long" if len(rows) > 20 else "trials")  # noqa: PLR2004 - a screenful


def _trial_row(trial: Record, measured: Sequence[Cell], front: Collection[int]) -> Markup:
    reward, on_front = number(trial, "reward"), trial["number"] in front
    cells = (
        Cell(_state(trial, on_front=on_front), trial["state"]),
        *measured,
        Cell(MISSING if reward is None else minus(f"{reward:.4f}"), reward),
    )
    number_cell = tag("th", str(trial["number"]), scope="row", data_value=trial["number"])
    values = (tag("td", cell.shown, data_value=cell.value) for cell in cells)
    class_ = "on-front-row" if on_front else None
    return tag("tr", number_cell, *values, tag("td", _notation(trial)), class_=class_, id=f"trial-{trial['number']}")


def _headings(metric: Metric) -> tuple[str, ...]:
    return (f"{metric.heading}, {metric.unit}", "± repeat") if metric.name == "latency_ms" else (metric.heading,)


def _cells(metric: Metric, values: Record, digits: int) -> tuple[Cell, ...]:
    """The cells of one metric; latencies have their standard error beside them, both with so many decimals."""
    value = number(values, metric.name)
    if metric.name != "latency_ms":
        return (Cell(metric.show(value), value),)
    error = number(values, "latency_error_ms")
    return (
        Cell(MISSING if value is None else f"{value:.{digits}f}", value),
        Cell(MISSING if error is None else f"± {error:.{digits}f}", error),
    )


def _state(trial: Record, *, on_front: bool) -> Markup:
    state = trial["state"]
    badge = tag("span", "front", class_="badge front-badge", title="on the Pareto front") if on_front else None
    reason = tag("span", trial["reason"], class_="reason") if trial.get("reason") else None
    shown_as = state if state in {SUCCEEDED, FAILED, "running"} else "other"
    name = tag("span", STATES.get(state, state), class_=f"state {shown_as}")
    return join([name, badge, reason])


def _notation(trial: Record) -> Markup:
    code = tag("code", trial["id"])
    if not trial.get("notation"):
        return code
    return tag("details", tag("summary", code), tag("p", trial["notation"], class_="notation"))


def correlations_table(found: Sequence[Correlation]) -> Markup:
    """Kendall's tau of what can be known before training with the accuracy, one row a metric."""
    names = ("known before training", "trials", "Kendall's tau", "95 %", "given multiply-adds")
    heads = [tag("th", name, scope="col") for name in names]
    rows = [
        tag(
            "tr",
            tag("th", metrics()[each.metric].label, scope="row"),
            tag("td", each.found.n),
            tag("td", minus(f"{each.found.tau:.2f}")),
            tag("td", minus(interval(each))),
            tag("td", MISSING if each.given_macs is None else minus(f"{each.given_macs:.2f}")),
        )
        for each in found
    ]
    return _table("Rank correlations", heads, rows)


def failures(record: Record) -> Markup | None:
    """Failed trials with their reasons; None if no trial failed."""
    failed = trials(record, FAILED)
    if not failed:
        return None
    items = [
        tag(
            "li",
            tag("b", f"Trial {trial['number']}"),
            " ",
            tag("code", trial["id"]),
            tag("p", trial.get("reason") or "No reason given."),
        )
        for trial in failed
    ]
    return tag("ul", *items, class_="failures")


def _table(name: str, heads: Sequence[Markup], rows: Sequence[Markup], class_: str = "") -> Markup:
    """A table in a region of its own that scrolls sideways where it is too wide."""
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_=class_ or None)
    scrolls = f"wide table {'scroll' if 'long' in class_ else ''}".strip()
    return tag("div", table, class_=scrolls, role="region", aria_label=name, tabindex=0)
