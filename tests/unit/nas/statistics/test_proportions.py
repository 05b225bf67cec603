"""Intervals of accuracies, and what they allow to say."""

import pytest
from scipy import stats

from nas.statistics.proportions import interval, verdict, wilson, with_intervals


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 86), (43, 86), (86, 86), (7, 9), (9123, 10_000)])
def test_the_interval_is_scipys(hits: int, count: int) -> None:
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits / count, count) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_an_accuracy_has_the_interval_of_its_own_split() -> None:
    found = with_intervals({"test_accuracy": 0.8, "validation_accuracy": 0.9}, {"test": 100, "validation": 50})
    assert interval(found, "test_accuracy") == wilson(0.8, 100)
    assert interval(found, "validation_accuracy") == wilson(0.9, 50)
    assert with_intervals(found, {"test": 100, "validation": 50}) == found


@pytest.mark.parametrize("share", [None, float("nan"), 1.5])
@pytest.mark.parametrize("images", [{}, {"test": 0}, {"test": 10}])
def test_an_accuracy_that_is_none_has_no_interval(share: float | None, images: dict[str, int]) -> None:
    assert interval(with_intervals({"test_accuracy": share}, images), "test_accuracy") is None


def test_better_is_said_only_of_intervals_that_do_not_overlap() -> None:
    low, middle, high = (0.1, 0.3), (0.2, 0.4), (0.35, 0.5)
    assert (verdict(high, low), verdict(low, high)) == ("better", "worse")
    assert {verdict(low, middle), verdict(middle, low), verdict(middle, high)} == {"unclear"}
    assert verdict(None, low) is verdict(low, None) is None
