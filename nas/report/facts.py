"""The facts by which a reader judges the result: data, device, search, versions, and the spec as submitted."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import yaml

from nas.quantities import (
    MISSING,
    dimensions,
    duration,
    exact,
    magnitude,
    number,
    percent,
    signed_percent,
    whole,
)
from nas.report.markup import Child, Markup, tag
from nas.report.results import STATES, SUCCEEDED, Record, estimate_error, trials

LARGE = 10**6
"""Space sizes from here on are also given in short."""


def facts(record: Record) -> Markup:
    """Groups of terms and values."""
    groups = (
        ("Data", _data(record["dataset"])),
        ("Device and measurement", _device(record)),
        ("Search", _search(record)),
        ("Versions", [(name, str(version)) for name, version in record["versions"].items()]),
    )
    return tag("div", *(_group(title, terms) for title, terms in groups), class_="facts")


def _group(title: str, terms: Sequence[tuple[str, Child]]) -> Markup:
    pairs = [tag("div", tag("dt", term), tag("dd", value)) for term, value in terms]
    return tag("section", tag("h3", title), tag("dl", *pairs))


def _data(dataset: Record) -> list[tuple[str, Child]]:
    side, channels = dataset["side"], dataset["channels"]
    return [
        ("Data set", dataset["name"]),
        ("Images", f"{dimensions((side, side))} px, {channels} channel{'s' if channels > 1 else ''}"),
        ("Training", f"{whole(dataset['train'])} images: weights"),
        ("Validation", f"{whole(dataset['validation'])} images: what the search sees"),
        ("Test", f"{whole(dataset['test'])} images: once, for finalists and references"),
        (f"{len(dataset['classes'])} classes", ", ".join(map(str, dataset["classes"]))),
        ("Digest of pixels", tag("code", dataset["digest"])),
        *(("Note", note["text"]) for note in dataset.get("notes", ())),
    ]


def _device(record: Record) -> list[tuple[str, Child]]:
    several: list[Mapping[str, Any]] = record.get("devices") or [record["device"]]
    return [*(fact for device in several for fact in _facts_of(device)), ("Estimates", _estimates(record))]


def _facts_of(device: Mapping[str, Any]) -> list[tuple[str, Child]]:
    threads = device.get("threads")
    return [
        ("Device", device["name"]),
        ("Processor", device.get("cpu") or MISSING),
        ("Runtime", f"{device['runtime']} {device.get('runtime_version') or ''}"),
        ("Precision, threads", f"{device.get('precision') or MISSING}, {MISSING if threads is None else threads}"),
        ("Statistic", device.get("statistic") or MISSING),
    ]


def _estimates(record: Record) -> str:
    """How far the estimates, which the search used, were from the finalists' measured latencies."""
    errors = [error for f in record["finalists"] if (error := estimate_error(f)) is not None]
    if not errors:
        return "not yet compared with end-to-end measurements"
    if len(errors) == 1:
        return f"off by {signed_percent(errors[0])} on the one finalist measured end to end"
    low, high = signed_percent(min(errors)), signed_percent(max(errors))
    middle = percent(median(map(abs, errors)), 1)
    return f"off by {low} to {high} on {len(errors)} finalists measured end to end; median error {middle}"


def _search(record: Record) -> list[tuple[str, Child]]:
    space, objective = record["space"], record["objective"]
    size = int(space["size"])
    short = f"{magnitude(size)} = " if size >= LARGE else ""
    states = [trial["state"] for trial in record["trials"]]
    counts = [f"{states.count(state)} {STATES.get(state, state)}" for state in dict.fromkeys([SUCCEEDED, *states])]
    return [
        ("Objective", f"{objective['name']}: {objective['formula']}"),
        *_searcher(record.get("searcher")),
        *_pruner(record["spec"].get("pruner")),
        *_warm_start(record.get("warm_start")),
        *_teacher(record.get("teacher")),
        *_accuracy(record["spec"].get("evaluator", {}), record.get("evaluator")),
        ("Space", f"{space['name']}"),
        ("Its size", f"{short}{exact(size)}"),
        ("Trials", ", ".join(counts)),
        ("Refused", f"{whole(record['refused'])} over a limit, never trained"),
        ("On the Pareto front", f"{len(record['front'])} of {len(trials(record, SUCCEEDED))}"),
        ("Started", record["created"]),
        ("Wall-clock time", duration(number(record, "seconds"))),
    ]


def _pruner(pruner: Record | None) -> list[tuple[str, Child]]:
    if pruner is None:
        return []
    parameters = [f"{name} {value}" for name, value in pruner.items() if name != "name"]
    return [("Pruner", ", ".join([pruner["name"], *parameters]))]


def _accuracy(evaluator: Record, described: Record | None) -> list[tuple[str, Child]]:
    """What trials are scored by, where that is not the share of images that is right."""
    if described:
        return [
            ("Accuracy of trials", f"{described['note']} (evaluator {described['name']})"),
            ("Finalists", f"trained from {described['start']}, references from random weights"),
            *(("Rank check", line.removeprefix("rank check: ")) for line in described.get("check", {}).get("said", ())),
        ]
    if evaluator.get("accuracy") != "balanced":
        return []
    return [("Accuracy of trials", "balanced: the mean of the classes' recalls; finalists are ranked by it too")]


def _searcher(searcher: Record | None) -> list[tuple[str, Child]]:
    """Searches from before it was kept have none."""
    return [] if searcher is None else [("Searcher", searcher["note"] or searcher["name"])]


def _warm_start(begun: Record | None) -> list[tuple[str, Child]]:
    """What the search took over from earlier ones; most have none."""
    if begun is None:
        return []
    worth = {True: "not trained again", False: "of another task, as a hint"}
    searches = [
        f"{whole(search['trainings'])} trainings of {search['name']}: {worth[search['same']]}"
        for search in begun["searches"]
    ]
    return [("Warm start", "; ".join((*searches, *begun["notes"])))]


def _teacher(teacher: Record | None) -> list[tuple[str, Child]]:
    """The teacher, how right it is, and what follows it; most searches have none."""
    if teacher is None:
        return []
    low, high = (percent(teacher[f"accuracy_{side}"], 1) for side in ("low", "high"))
    right = f"{percent(teacher['accuracy'], 1)} ({low} to {high})"
    who = {"trials": teacher["trials"], "finalists and references": teacher["finalists"]}
    follow = " and ".join(name for name, follows in who.items() if follows)
    loss = f"{percent(teacher['weight'])} of the loss, at temperature {teacher['temperature']:g}"
    return [
        ("Teacher", f"{teacher['name']}: {right} of {whole(teacher['images'])} validation images right"),
        ("Followed by", f"{follow}: {loss}"),
        *(("Note", note) for note in teacher["notes"]),
    ]


def spec_text(spec: Mapping[str, Any]) -> Markup:
    """The spec in YAML."""
    text = yaml.safe_dump(dict(spec), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    return tag("pre", tag("code", text), class_="spec", tabindex=0)
