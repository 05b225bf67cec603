"""How well what can be known before training orders a search's trials by their accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.metric import Metric, Source, metrics, tabulated
from nas.quantities import minus, number
from nas.statistics.rank_correlation import RankCorrelation, partial_tau, rank_correlation, times_in_100

ACCURACY = "accuracy"
GIVEN = "macs"
MOST = 1 - 1e-9
"""A tau beyond which two lists have the same order."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Of a metric with the accuracy of trained networks. metric: its name.

    given_macs: the partial tau, beside what both owe to the multiply-adds; None for these, and where they explain all.
    """

    metric: str
    found: RankCorrelation
    given_macs: float | None


def known_early() -> list[Metric]:
    """The sizes that every table shows, and all zero-cost scores."""
    return [*tabulated(Source.NETWORK), *(made for made in metrics().values() if made.source is Source.UNTRAINED)]


def correlations(trained: Sequence[Mapping[str, Any]]) -> list[Correlation]:
    """One a metric that is known early, over the trials that have it. trained: the metrics of trials with a result.

    Metrics that too few trials have, or that are the same for all, are left out.
    """
    found = []
    for metric in known_early():
        rows = _rows(trained, metric.name, ACCURACY)
        correlation = rank_correlation(*_columns(rows))
        if correlation is not None:
            found.append(Correlation(metric.name, correlation, _given_macs(trained, metric.name)))
    return found


def _given_macs(trained: Sequence[Mapping[str, Any]], metric: str) -> float | None:
    if metric == GIVEN:
        return None
    one, accuracy, macs = _columns(_rows(trained, metric, ACCURACY, GIVEN), 3)
    taus = [rank_correlation(*pair) for pair in ((one, accuracy), (one, macs), (accuracy, macs))]
    known = [each.tau for each in taus if each is not None]
    if len(known) < len(taus) or max(map(abs, known[1:])) > MOST:
        return None
    return partial_tau(*known)


def _rows(trained: Sequence[Mapping[str, Any]], *names: str) -> list[list[float]]:
    """The values of the trials that have them all."""
    found = ([number(values, name) for name in names] for values in trained)
    return [[value for value in row if value is not None] for row in found if None not in row]


def _columns(rows: list[list[float]], count: int = 2) -> list[list[float]]:
    return [[row[place] for row in rows] for place in range(count)]


def in_words(correlation: Correlation) -> str:
    """In a sentence: what it means for two trials, what to do about it, and the numbers in brackets."""
    found, metric = correlation.found, metrics()[correlation.metric]
    more, less = ("more", "fewer") if metric.source is Source.NETWORK else ("a higher", "a lower")
    said = (
        f"Of any two of the {found.n} trials, the one with {more if found.tau >= 0 else less} {metric.label} is the "
        f"more accurate {times_in_100(abs(found.tau))}"
    )
    given = correlation.given_macs
    beside = "" if given is None else f"; {minus(f'{given:.2f}')} given the multiply-adds"
    taus = minus(f"{found.tau:.2f}, {interval(correlation)} with 95 % confidence")
    return f"{said}: {_advice(correlation, metric)} (Kendall's tau {taus}{beside})."


def _advice(correlation: Correlation, metric: Metric) -> str:
    found = correlation.found
    if found.low <= 0 <= found.high:
        return f"that may be chance, so choose networks by accuracy, not by {metric.label}"
    if metric.source is Source.NETWORK:
        if found.tau > 0:
            return "larger networks pay here, so a higher target or a larger space may find better ones"
        return "smaller networks do better here, so a lower target may cost no accuracy"
    if found.tau < 0:
        return "the score misleads here, so take it out of zero_cost.scores"
    if correlation.given_macs is None or correlation.given_macs <= 0:
        return "multiply-adds tell as much, so the score is not worth its time"
    return "it tells something before training, so zero_cost.pre_filter may save trials"


def interval(correlation: Correlation) -> str:
    return f"{correlation.found.low:.2f} to {correlation.found.high:.2f}"
