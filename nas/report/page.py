"""The report of a run as one HTML file that needs nothing else: no network, and no script but for its figures."""

import hashlib
from base64 import b64encode
from importlib.resources import files

from nas.metric import Source, tabulated
from nas.quantities import duration, minus, number
from nas.report.baseline import baseline
from nas.report.classes import classes_section
from nas.report.correlations import correlations, in_words
from nas.report.curves import curves_section
from nas.report.facts import facts, spec_text
from nas.report.figures import Figures, built_figures, figure, figure_data
from nas.report.markup import Child, Markup, tag
from nas.report.ranking import ranking
from nas.report.results import SUCCEEDED, Record, accuracy_shown, on_devices, outcome, shown, targets, trials
from nas.report.summary import summary
from nas.report.tables import correlations_table, devices_table, failures, finalists_table, trials_table


def report_html(record: Record) -> str:
    """The page for a run's record, running or finished; lists in it may be empty, and numbers missing.

    Every text of the record is escaped, and the page's policy forbids anything but its own style and script.
    """
    record = {**record, **outcome(record, targets(record))}
    figures = built_figures() or Figures("", "")
    style = files("nas.report").joinpath("style.css").read_text(encoding="utf-8") + figures.style
    images = record["dataset"]["name"].removeprefix("folder:")
    name = f"{images} on {', '.join(device.name for device in on_devices(record))}"
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(figures.script)}'; img-src data:"
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        _void("meta", http_equiv="Content-Security-Policy", content=policy),
        _void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _void("meta", name="color-scheme", content="light dark"),
        _void("link", rel="icon", href="data:,"),
        tag("title", f"Architecture search: {name}"),
        tag("style", Markup(style)),
    )
    scripts = (figure_data(record), tag("script", Markup(figures.script)))
    body = tag("body", _header(record, name), tag("main", *_sections(record)), *scripts)
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _header(record: Record, name: str) -> Markup:
    finished = record["finished"]
    state = tag("span", "finished" if finished else "running", class_="status" if finished else "status running")
    day, _, time = record["created"].partition("T")
    seconds = number(record, "seconds")
    count = len(record["trials"])
    about = [f"{day} {time.removesuffix('Z')[:5]} UTC", f"{count} trial{'' if count == 1 else 's'}"]
    about += [] if seconds is None else [duration(seconds)]
    facts_line = tag("p", state, *(tag("span", part) for part in about), class_="about")
    notes = (tag("p", note, class_="note") for note in record.get("notes", ()))
    return tag("header", tag("p", "Architecture search", class_="eyebrow"), tag("h1", name), facts_line, *notes)


def _sections(record: Record) -> list[Child]:
    return [
        _note(record),
        tag("section", summary(record), class_="summary"),
        *(_evidence(record) if record["trials"] else ()),
        _section("The facts", facts(record), tag("h3", "Spec as submitted"), spec_text(record["spec"])),
    ]


def _evidence(record: Record) -> list[Child]:
    failed, ranked, against = failures(record), ranking(record), baseline(record)
    return [
        _section("Accuracy against latency", figure("pareto")),
        _section("Each device", devices_table(record)) if "devices" in record else None,
        _section("At equal test accuracy", beside) if (beside := curves_section(record)) else None,
        _section("Finalists", finalists_table(record), _finalists_note(record)),
        _section("How the finalists were chosen", ranked) if ranked else None,
        _section("Class by class", classes) if (classes := classes_section(record)) else None,
        _section("Architectures", *map(_diagram, record["finalists"])) if record["finalists"] else None,
        _section("Progress of the search", figure("reward")),
        _section("Against random draws at equal cost", against) if against else None,
        _section("Trials", trials_table(record)),
        _section("Failed trials", failed) if failed else None,
        _correlations(record),
    ]


def _correlations(record: Record) -> Markup | None:
    """None where too few trials have a result."""
    found = correlations([trial["metrics"] for trial in trials(record, SUCCEEDED)])
    if not found:
        return None
    note = (
        "Kendall's tau is 1 if the trials are in the order of their accuracy, 0 if it says nothing, -1 in the opposite "
        "order. The last column is what it says beside the multiply-adds. A search prefers some networks, so its "
        "trials are no random sample."
    )
    said = [tag("p", in_words(each)) for each in found]
    title = "What is known before training, against accuracy"
    return _section(title, *said, correlations_table(found), tag("p", minus(note), class_="note"))


def _section(title: str, *parts: Child) -> Markup:
    return tag("section", tag("h2", title), *parts)


def _note(record: Record) -> Markup | None:
    """The objective's note: a warning where the target does not steer the search."""
    objective = record["objective"]
    if not objective.get("note"):
        return None
    if objective["steers"]:
        return tag("p", objective["note"], class_="note")
    return tag("aside", tag("b", "The target does not steer this search."), " ", objective["note"], class_="warning")


def _finalists_note(record: Record) -> Markup | None:
    if not record["finalists"]:
        return None
    return tag(
        "p",
        "Test accuracy is read once, through ONNX Runtime on the exported file; in brackets is its 95 % "
        "interval, which follows from the number of images (Wilson). The model shown first is chosen by validation "
        "accuracy among finalists within the target; test images do not influence it.",
        *(f" {each['choice_note']}." for each in record["finalists"] if each["choice_note"]),
        class_="note",
    )


def _diagram(finalist: Record) -> Markup:
    metrics = finalist["metrics"]
    parts = (
        f"{accuracy_shown(metrics)} test accuracy",
        shown(metrics, "latency_ms"),
        *(f"{shown(metrics, size.name)} {size.heading}" for size in tabulated(Source.NETWORK)),
    )
    name = f"Trial {finalist['trial']}"
    title = tag("h3", name, *(tag("span", part) for part in parts))
    notation = tag("details", tag("summary", "Notation"), tag("p", finalist["notation"], class_="notation"))
    return tag("article", title, figure("network", finalist["trial"]), notation)


def _void(element: str, /, **attributes: str) -> Markup:
    """An element that has no content and no end tag."""
    return Markup(tag(element, **attributes).removesuffix(f"</{element}>"))


def _digest(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
