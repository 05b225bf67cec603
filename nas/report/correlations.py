"""How well what can be known before training orders a search's trials by their accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.metric import Metric, Source, metrics, tabulated
from nas.quantities import number
from nas.rank_correlation import RankCorrelation, rank_correlation

ACCURACY = "accuracy"


@dataclass(frozen=True, slots=True)
class Correlation:
    """Of a metric with the accuracy of trained networks. metric: its name."""

    metric: str
    found: RankCorrelation


def known_early() -> list[Metric]:
    """The sizes that every table shows, and all zero-cost scores."""
    return [*tabulated(Source.NETWORK), *(made for made in metrics().values() if made.source is Source.UNTRAINED)]


def correlations(trained: Sequence[Mapping[str, Any]]) -> list[Correlation]:
    """One a metric that is known early, over the trials that have it. trained: the metrics of trials with a result.

    Metrics that too few trials have, or that are the same for all, are left out.
    """
    found = []
    for metric in known_early():
        pairs = [(number(values, metric.name), number(values, ACCURACY)) for values in trained]
        both = [(one, other) for one, other in pairs if one is not None and other is not None]
        correlation = rank_correlation([one for one, _ in both], [other for _, other in both])
        if correlation is not None:
            found.append(Correlation(metric.name, correlation))
    return found


def in_words(correlation: Correlation) -> str:
    """Such as: NASWOT: Kendall's tau with the accuracy of 64 trials is 0.41 (0.27 to 0.53)."""
    found, label = correlation.found, metrics()[correlation.metric].label
    return f"{label}: Kendall's tau with the accuracy of {found.n} trials is {found.tau:.2f} ({interval(correlation)})"


def interval(correlation: Correlation) -> str:
    return f"{correlation.found.low:.2f} to {correlation.found.high:.2f}"
