"""The figures of a report: the dashboard's own charts and diagrams, drawn from data that the page carries in itself.

scripts/build_dashboard.py builds them into the folder beside this file, as one script and one style sheet.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from math import isfinite
from typing import Any, NamedTuple

from nas.metric import FRONT
from nas.report.markup import Markup, tag
from nas.report.results import Record, on_devices

_FOLDER = files("nas.report") / "figures"
_TRIAL = ("number", "state", "reward", "reused")


class Figures(NamedTuple):
    """What the page needs for its figures: a style sheet, and a script with the licences of what is in it."""

    style: str
    script: str


def are_built() -> bool:
    return (_FOLDER / "figures.js").is_file()


def built_figures() -> Figures | None:
    """The figures as they were built; None if they were not."""
    if not are_built():
        return None
    style, script, licences = (
        (_FOLDER / name).read_text(encoding="utf-8") for name in ("figures.css", "figures.js", "licenses.md")
    )
    return Figures(style, f"/*\n{licences}\n*/\n{script}")


def figure(name: str, trial: int | None = None) -> Markup:
    """The place of a figure: pareto, reward or network, the last one of a finalist's trial."""
    missing = "This figure is drawn by a script"
    if not are_built():
        missing += ", which is not built: run `make dashboard`, and then the search again, which only writes the report"
    return tag("div", tag("p", f"{missing}.", class_="empty"), data_figure=name, data_trial=trial)


def figure_data(record: Record) -> Markup:
    """What the figures are drawn from, as a data block of the page."""
    trials = record["trials"]
    columns = {name: [trial.get(name) for trial in trials] for name in _TRIAL}
    names = dict.fromkeys([*FRONT, *(device.latency for device in on_devices(record))])
    columns |= {name: [trial["metrics"].get(name) for trial in trials] for name in names}
    columns["state"] = [trial["state"].upper() for trial in trials]
    drawn = {name: record[name] for name in ("objective", "references", "finalists", "devices") if name in record}
    drawn["baseline"] = record.get("baseline")
    text = json.dumps(_json({"columns": columns, **drawn}), allow_nan=False).replace("<", "\\u003c")
    return tag("script", Markup(text), type="application/json", id="drawn")


def _json(value: Any) -> Any:
    """The same value with null for numbers that JSON has not: NaN and infinities."""
    if isinstance(value, Mapping):
        return {key: _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value
