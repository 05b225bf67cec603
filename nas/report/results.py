"""Readings of a run's record: which model is shown first, and how it compares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from nas.image_set.note import counted
from nas.metric import metrics
from nas.quantities import number
from nas.report.curves import beside_curves, curves
from nas.statistics.proportions import Interval, Verdict, bracketed, interval, interval_of, verdict, with_intervals

Record = Mapping[str, Any]
LATENCY = "latency_ms"
SUCCEEDED = "succeeded"
FAILED = "failed"
TEST = "test_accuracy"
STATES = {"pruned": "stopped early"}
"""States of trials that have other words for people."""
VERDICTS: Mapping[str, str] = {
    Verdict.BETTER: "better than",
    Verdict.WORSE: "worse than",
    Verdict.UNCLEAR: "not clearly different from",
}
"""Verdicts in words, between two networks' names."""


def shown(values: Mapping[str, Any], key: str, metric: str | None = None) -> str:
    """The number under key, written as that metric; by default the one of the same name."""
    return metrics()[metric or key].show(number(values, key))


def trials(record: Record, *states: str) -> list[Record]:
    """The trials in one of these states, in order."""
    return [trial for trial in record["trials"] if trial["state"] in states]


def target(record: Record) -> float | None:
    return number(record["objective"], "target_latency_ms")


@dataclass(frozen=True, slots=True)
class OnDevice:
    """A device of a search. latency: the metric that is the latency on it. target_ms: None where it is not known."""

    name: str
    latency: str
    target_ms: float | None


def on_devices(record: Record) -> list[OnDevice]:
    """The devices of a record, the first one first."""
    several = record.get("devices")
    if not several:
        return [OnDevice(record["device"]["name"], LATENCY, target(record))]
    return [OnDevice(row["name"], row["metric"], number(row, "target_latency_ms")) for row in several]


def targets(record: Record) -> dict[str, float | None]:
    """The target on each device by the metric that is the latency there."""
    return {device.latency: device.target_ms for device in on_devices(record)}


def best_trial(record: Record) -> Record | None:
    """The succeeded trial of the highest reward; the earliest of equals."""
    rewarded = [trial for trial in trials(record, SUCCEEDED) if number(trial, "reward") is not None]
    return max(rewarded, key=lambda trial: trial["reward"], default=None)


def ranked(finalists: Iterable[Record], targets_ms: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """The finalists, best first, with `best` True for the first: those within the targets that there are, then those
    that exceed them least; among equals by validation accuracy.

    targets_ms: by the metric that each is of. Test accuracy does not influence the order, so that what is reported of
    the best is not the best of several tests.
    """

    def rank(finalist: Record) -> tuple[float, float]:
        accuracy = number(finalist["metrics"], _ranked_by(finalist))
        return _excess(finalist, targets_ms), inf if accuracy is None else -accuracy

    return [{**finalist, "best": place == 0} for place, finalist in enumerate(sorted(finalists, key=rank))]


def choice_note(
    finalists: Sequence[Record], targets_ms: Mapping[str, float | None], images: float | None
) -> str | None:
    """Why the choice of the best finalist is not sure: the interval of its validation accuracy overlaps those of others
    that are as near the targets. None where it is sure, or was made by latency.

    finalists: ranked. images: the validation images.
    """
    if not finalists or not images:
        return None
    best, *others = finalists
    excess = _excess(best, targets_ms)
    own = _ranking_interval(best, images)
    near = [_ranking_interval(each, images) for each in others if _excess(each, targets_ms) == excess]
    unclear = sum(verdict(own, each) is Verdict.UNCLEAR for each in near)
    if not unclear:
        return None
    theirs = "that of another finalist" if unclear == 1 else f"those of {unclear} other finalists"
    return (
        f"The best finalist is chosen by {counted(int(images), 'validation image')}, on which the 95 % interval of its "
        f"accuracy overlaps {theirs}: the choice between them is not sure. Test accuracy was not used to choose"
    )


def _ranking_interval(finalist: Record, images: float) -> Interval | None:
    """That of the accuracy by which finalists are ranked."""
    name = _ranked_by(finalist)
    return interval(interval_of(finalist["metrics"], name, images), name)


def _ranked_by(finalist: Record) -> str:
    return str(finalist.get("ranked_by") or "validation_accuracy")


def _excess(finalist: Record, targets_ms: Mapping[str, float | None]) -> float:
    return sum(over(finalist, latency, limit) for latency, limit in targets_ms.items())


def over(finalist: Record, latency: str, target_ms: float | None) -> float:
    """By what share of a target a latency exceeds it; infinite where the latency is not known."""
    measured = number(finalist["metrics"], latency)
    return inf if measured is None else max(0.0, measured / (target_ms or inf) - 1)


def headline(record: Record) -> Record | None:
    """The finalist shown first: the best."""
    return next(iter(ranked(record["finalists"], targets(record))), None)


def winner(record: Record, device: OnDevice) -> Record | None:
    """The best finalist for one device, whatever it does on others; None if there is none."""
    return next(iter(ranked(record["finalists"], {device.latency: device.target_ms})), None)


def compared(references: Iterable[Record], best: Record | None) -> list[dict[str, Any]]:
    """The reference networks, with `verdict`: whether the best finalist's test accuracy is better or worse than theirs.

    It is `unclear` where the intervals of the two overlap, and None where one of them was not tested.
    """
    ours = None if best is None else interval(best["metrics"], TEST)
    return [{**row, "verdict": verdict(ours, interval(row["metrics"], TEST))} for row in references]


def outcome(record: Record, targets_ms: Mapping[str, float | None]) -> dict[str, list[dict[str, Any]]]:
    """`references` and `finalists` of a record, as everything shows them: finalists ranked, references compared with
    the best one, and all accuracies with their intervals, from the numbers of images under `dataset`. Where references
    are curves, finalists say how they stand `beside_curves`, by the first latency of targets_ms; the best says in its
    `choice_note` if the choice of it is not sure. targets_ms: as in ranked.
    """
    images = record["dataset"]
    finalists = ranked((_with_intervals(row, images) for row in record["finalists"]), targets_ms)
    note = choice_note(finalists, targets_ms, number(images, "validation"))
    finalists = [{**row, "choice_note": note if row["best"] else None} for row in finalists]
    references = [_with_intervals(row, images) for row in record["references"]]
    latency = next(iter(targets_ms), LATENCY)
    of = curves(references, latency)
    if of:
        finalists = [{**row, "beside_curves": beside_curves(row, of, latency)} for row in finalists]
    return {"references": compared(references, next(iter(finalists), None)), "finalists": finalists}


def _with_intervals(row: Record, images: Record) -> dict[str, Any]:
    files = {"files": [with_intervals(file, images) for file in row["files"]]} if "files" in row else {}
    return {**row, "metrics": with_intervals(row["metrics"], images), **files}


def accuracy_shown(values: Mapping[str, Any], name: str = TEST) -> str:
    """An accuracy with its interval: 87.20 % (85.1 to 89.0)."""
    return shown(values, name, "accuracy") + bracketed(values, name)


def estimate_error(finalist: Record) -> float | None:
    """Relative error of the estimated latency; above 0 where the estimate was too high."""
    estimated = number(finalist["metrics"], "estimated_latency_ms")
    measured = number(finalist["metrics"], "latency_ms")
    return None if estimated is None or not measured else estimated / measured - 1
