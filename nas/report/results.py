"""Readings of a run's record: which model is shown first, and how it compares."""

from collections.abc import Iterable, Mapping
from math import inf, sqrt
from typing import Any

from nas.metric import metrics
from nas.quantities import number

Record = Mapping[str, Any]
SUCCEEDED = "succeeded"
FAILED = "failed"
Z95 = 1.96
"""Standard errors on either side of a mean that hold 95 % of a normal distribution."""


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


def search_accuracy(record: Record, finalist: Record) -> float | None:
    """Validation accuracy that the finalist had as a trial, before its longer training."""
    found = (trial for trial in record["trials"] if trial["number"] == finalist["trial"])
    trial = next(found, None)
    return None if trial is None else number(trial["metrics"], "accuracy")


def accuracy_lead(record: Record, finalist: Record, reference: Record) -> float | None:
    """How far the finalist, as a trial, was ahead on validation images after equally many epochs."""
    own, other = search_accuracy(record, finalist), number(reference["metrics"], "accuracy")
    return None if own is None or other is None else own - other


def estimate_error(finalist: Record) -> float | None:
    """Relative error of the estimated latency; above 0 where the estimate was too high."""
    estimated = number(finalist["metrics"], "estimated_latency_ms")
    measured = number(finalist["metrics"], "latency_ms")
    return None if estimated is None or not measured else estimated / measured - 1


def half_width(accuracy: float, images: int) -> float:
    """Half the 95 % confidence interval of an accuracy seen on so many images (normal approximation)."""
    return Z95 * sqrt(accuracy * (1 - accuracy) / images)
