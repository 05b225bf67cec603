"""What is said of a search's trials: how well numbers that are known before training order them."""

import pytest

from nas.metric import Source, metrics, tabulated
from nas.report.correlations import Correlation, correlations, in_words
from nas.statistics.rank_correlation import RankCorrelation

TRAINED = [
    {"accuracy": 0.5 + n / 100, "params": 1000 * n, "macs": 7, "naswot": -n, "latency_ms": n} for n in range(10)
] + [{"accuracy": 0.9, "params": 1}, {"loss": 0.1, "params": 3}]


def test_sizes_and_scores_are_compared_with_the_accuracy():
    """Over the trials that have both; what does not vary, or few have, says nothing."""
    found = {each.metric: each.found for each in correlations(TRAINED)}

    assert list(found) == ["params", "naswot"]
    assert (found["naswot"].tau, found["naswot"].n) == (pytest.approx(-1), 10)
    assert found["params"].n == 11
    assert 0 < found["params"].tau < 1


def test_every_score_and_size_is_among_them():
    early = [made.name for made in metrics().values() if made.source is Source.UNTRAINED]
    rows = [{"accuracy": n, **dict.fromkeys(["params", "macs", *early], n % 3)} for n in range(8)]

    assert [each.metric for each in correlations(rows)] == [m.name for m in tabulated(Source.NETWORK)] + early


CHANCE = (
    "Of any two of the 12 trials, the one with more parameters is the more accurate about 66 times in 100: that may be "
    "chance, so choose networks by accuracy, not by parameters (Kendall's tau 0.32, \u22120.13 to 0.66 with 95 % "
    "confidence; 0.33 given the multiply-adds)."
)


@pytest.mark.parametrize(
    ("metric", "found", "given", "said"),
    [
        (
            "params",
            RankCorrelation(0.32, -0.13, 0.66, 12),
            0.33,
            CHANCE,
        ),
        ("params", RankCorrelation(0.8, 0.5, 0.9, 30), None, "about 90 times in 100: larger networks pay here"),
        (
            "macs",
            RankCorrelation(-0.8, -0.9, -0.5, 30),
            None,
            "fewer multiply-adds is the more accurate about 90 times",
        ),
        ("macs", RankCorrelation(-0.8, -0.9, -0.5, 30), None, "smaller networks do better here"),
        ("naswot", RankCorrelation(0.8, 0.5, 0.9, 30), 0.4, "a higher NASWOT is the more accurate"),
        ("naswot", RankCorrelation(0.8, 0.5, 0.9, 30), 0.4, "zero_cost.pre_filter may save trials"),
        ("naswot", RankCorrelation(0.8, 0.5, 0.9, 30), None, "multiply-adds tell as much"),
        ("naswot", RankCorrelation(0.8, 0.5, 0.9, 30), -0.1, "multiply-adds tell as much"),
        ("naswot", RankCorrelation(-0.8, -0.9, -0.5, 30), 0.4, "a lower NASWOT is the more accurate"),
        ("naswot", RankCorrelation(-0.8, -0.9, -0.5, 30), 0.4, "take it out of zero_cost.scores"),
    ],
)
def test_in_words(metric, found, given, said):
    assert said in in_words(Correlation(metric, found, given))


@pytest.mark.parametrize("few", [[], TRAINED[:5]])
def test_few_trials_say_nothing(few):
    assert correlations(few) == []
