"""Confidence intervals of accuracies (Wilson, Journal of the American Statistical Association 22, 1927)."""

from collections.abc import Mapping
from enum import StrEnum
from math import sqrt
from typing import Any

from nas.quantities import number

Z95 = 1.959964
"""Standard deviations on either side of a mean that hold 95 % of a normal distribution."""

Interval = tuple[float, float]

SPLITS = {"test_accuracy": "test", "validation_accuracy": "validation"}
"""Accuracies of a trained network, and the split on whose images each was found."""


class Verdict(StrEnum):
    """How an accuracy compares with another one."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"


def wilson(share: float, count: int) -> Interval:
    """The 95 % interval of a proportion of which share was seen among count > 0 independent draws."""
    z2 = Z95**2 / count
    centre = (share + z2 / 2) / (1 + z2)
    half = Z95 * sqrt(share * (1 - share) / count + z2 / (4 * count)) / (1 + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def difference_interval(ours: float, theirs: float, count: int) -> Interval:
    """The 95 % interval of ours - theirs, proportions of count > 0 draws each (Newcombe, 1998, method 10).

    It takes the draws as independent: on the same images it is wider than need be.
    """
    (low, high), (their_low, their_high) = wilson(ours, count), wilson(theirs, count)
    below = sqrt((ours - low) ** 2 + (their_high - theirs) ** 2)
    return ours - theirs - below, ours - theirs + sqrt((high - ours) ** 2 + (theirs - their_low) ** 2)


def with_intervals(values: Mapping[str, Any], images: Mapping[str, Any]) -> dict[str, Any]:
    """values with the interval of each accuracy among them, as `test_accuracy_low`, `test_accuracy_high` and so on.

    images: their number in each split. An accuracy that is missing, or is not a fraction, has none.
    """
    found = dict(values)
    for name, split in SPLITS.items():
        found |= interval_of(values, name, number(images, split))
    return found


def interval_of(values: Mapping[str, Any], name: str, count: float | None) -> dict[str, float]:
    """The interval of the accuracy of that name, found on count images, by its two names; empty if it has none."""
    share = number(values, name)
    if share is None or not 0 <= share <= 1 or not count:
        return {}
    low, high = wilson(share, int(count))
    return {f"{name}_low": low, f"{name}_high": high}


def interval(values: Mapping[str, Any], name: str) -> Interval | None:
    """The interval that with_intervals gave the accuracy of that name."""
    low, high = number(values, f"{name}_low"), number(values, f"{name}_high")
    return None if low is None or high is None else (low, high)


def bracketed(values: Mapping[str, Any], name: str) -> str:
    """The interval of the accuracy of that name as text behind it, in percent: ` (85.1 to 89.0)`; empty without one."""
    bounds = interval(values, name)
    return "" if bounds is None else f" ({100 * bounds[0]:.1f} to {100 * bounds[1]:.1f})"


def verdict(ours: Interval | None, theirs: Interval | None) -> Verdict | None:
    """Whether an accuracy is better or worse than another one: only where their intervals do not overlap."""
    if ours is None or theirs is None:
        return None
    if ours[0] > theirs[1]:
        return Verdict.BETTER
    return Verdict.WORSE if ours[1] < theirs[0] else Verdict.UNCLEAR
