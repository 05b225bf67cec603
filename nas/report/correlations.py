"""How well what can be known before training orders a search's trials by their accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.metric import Metric, Source, metrics, tabulated
from nas.quantities import number
from nas.statistics.rank_correlation import RankCorrelation, partial_tau, rank_correlation

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
    """In a line: tau, its interval, and what is left of it beside the multiply-adds."""
    found, label = correlation.found, metrics()[correlation.metric].label
    text = f"{label}: Kendall's tau with the accuracy of {found.n} trials is {found.tau:.2f} ({interval(correlation)})"
    return text if correlation.given_macs is None else f"{text}, {correlation.given_macs:.2f} given the multiply-adds"


def interval(correlation: Correlation) -> str:
    return f"{correlation.found.low:.2f} to {correlation.found.high:.2f}"
