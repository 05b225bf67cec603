"""Readings of a run's record: which model is shown first, and how it compares."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from nas.metric import metrics
from nas.proportions import Verdict, bracketed, interval, verdict, with_intervals
from nas.quantities import number

Record = Mapping[str, Any]
SUCCEEDED = "succeeded"
FAILED = "failed"
TEST = "test_accuracy"
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


def best_trial(record: Record) -> Record | None:
    """The succeeded trial of the highest reward; the earliest of equals."""
    rewarded = [trial for trial in trials(record, SUCCEEDED) if number(trial, "reward") is not None]
    return max(rewarded, key=lambda trial: trial["reward"], default=None)


def ranked(finalists: Iterable[Record], target_ms: float | None) -> list[dict[str, Any]]:
    """The finalists, best first, with `best` True for the first: those within the target if there is one, then those
    that exceed it least; among equals by validation accuracy.

    Test accuracy does not influence the order, so that what is reported of the best is not the best of several tests.
    """
    limit = target_ms or inf

    def rank(finalist: Record) -> tuple[float, float]:
        latency = number(finalist["metrics"], "latency_ms")
        accuracy = number(finalist["metrics"], "validation_accuracy")
        excess = inf if latency is None else max(0.0, latency - limit)
        return excess, inf if accuracy is None else -accuracy

    return [{**finalist, "best": place == 0} for place, finalist in enumerate(sorted(finalists, key=rank))]


def headline(record: Record) -> Record | None:
    """The finalist shown first: the best."""
    return next(iter(ranked(record["finalists"], target(record))), None)


def compared(references: Iterable[Record], best: Record | None) -> list[dict[str, Any]]:
    """The reference networks, with `verdict`: whether the best finalist's test accuracy is better or worse than theirs.

    It is `unclear` where the intervals of the two overlap, and None where one of them was not tested.
    """
    ours = None if best is None else interval(best["metrics"], TEST)
    return [{**row, "verdict": verdict(ours, interval(row["metrics"], TEST))} for row in references]


def outcome(record: Record, target_ms: float | None) -> dict[str, list[dict[str, Any]]]:
    """`references` and `finalists` of a record, as everything shows them: finalists ranked, references compared with
    the best one, and all accuracies with their intervals, from the numbers of images under `dataset`.
    """
    images = record["dataset"]
    finalists = ranked((_with_intervals(row, images) for row in record["finalists"]), target_ms)
    references = [_with_intervals(row, images) for row in record["references"]]
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
