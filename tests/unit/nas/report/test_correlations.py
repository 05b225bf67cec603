"""What is said of a search's trials: how well numbers that are known before training order them."""

import pytest

from nas.metric import Source, metrics, tabulated
from nas.report.correlations import correlations, in_words

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


def test_in_words():
    (_, of_naswot) = correlations(TRAINED)

    assert in_words(of_naswot).startswith("NASWOT: Kendall's tau with the accuracy of 10 trials is -1.00 (-1.00 to -0.")


@pytest.mark.parametrize("few", [[], TRAINED[:5]])
def test_few_trials_say_nothing(few):
    assert correlations(few) == []
