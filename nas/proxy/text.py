"""What a proxy check has found, for a terminal; found: as nas.proxy.summary makes it."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from nas.quantities import count, duration, percent


def table(found: Mapping[str, Any]) -> Table:
    """The networks with both accuracies and places."""
    shown = Table(box=SIMPLE, title="Networks by multiply-adds", title_justify="left")
    shown.add_column("network", no_wrap=True)
    epochs = (f"{found[name]} ep." if found[name] else "scored" for name in ("epochs", "longer_epochs"))
    for column in ("MACs", "ms", *(part for each in epochs for part in (each, "place"))):
        shown.add_column(column, justify="right", no_wrap=True)
    for row in found["candidates"]:
        latency = row.get("latency_ms")
        scores = [_score(row, "proxy"), _place(row, "proxy"), _score(row, "longer"), _place(row, "longer")]
        shown.add_row(row["id"], count(row["macs"]), "" if latency is None else f"{latency:.4f}", *scores)
    return shown


def _score(row: Mapping[str, Any], kind: str) -> str:
    accuracy = row.get(f"{kind}_accuracy")
    return "failed" if accuracy is None else percent(accuracy)


def _place(row: Mapping[str, Any], kind: str) -> str:
    return str(row.get(f"{kind}_rank", ""))


def verdict(found: Mapping[str, Any]) -> str:
    """The verdict with its reasons and remedies, a line each."""
    lowest, highest = found["verdict_lowest"], found["verdict_highest"]
    between = "" if lowest == highest else f" (the interval: {lowest} to {highest})"
    thresholds = found["thresholds"]
    grades = f"good: tau from {thresholds['good']}, usable: from {thresholds['usable']}"
    lines = [f"The proxy is {found['verdict']}{between}; {grades}. In brackets are 95 % intervals."]
    lines += (f"- {reason}" for reason in found["reasons"])
    if found["remedies"]:
        lines += ["What to do:", *(f"- {remedy}" for remedy in found["remedies"])]
    seconds = found["cost"]["search_seconds"]
    if seconds is not None:
        lines.append(f"The search will take about {duration(seconds)} on {found['cost']['cores']} cores.")
    return "\n".join(lines)
