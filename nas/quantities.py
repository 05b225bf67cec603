"""Numbers as text for people: with units, three significant digits, and a dash for a missing value."""

from collections.abc import Iterable, Mapping
from math import floor, isfinite, log10
from typing import Any

MISSING = "\u2013"
TIMES = "\u00d7"
MINUS = "\u2212"
NO_BREAK = "\u00a0"
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
THOUSAND = 1000
HOUR_S = 3600.0
"""Seconds of an hour."""


def number(values: Mapping[str, Any], key: str) -> float | None:
    """The finite number under key; None if there is none."""
    value = values.get(key)
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def significant(value: float, digits: int = 3) -> str:
    """value to so many significant digits, without an exponent and without cutting whole numbers."""
    if value == 0:
        return "0"
    power = int(f"{value:.{digits - 1}e}".partition("e")[2])  # of the rounded value: 999.6 is 1.00e3
    decimals = digits - 1 - power
    return minus(f"{value:.{max(decimals, 0)}f}")


def aligned(values: list[float]) -> int:
    """Decimals that show each of these positive numbers to two significant digits or more; at most six."""
    return min(max(1 - floor(log10(min(values))), 0), 6) if values else 0


def milliseconds(value: float | None) -> str:
    return MISSING if value is None else f"{significant(value)}{NO_BREAK}ms"


def percent(share: float | None, digits: int = 2) -> str:
    return MISSING if share is None else f"{100 * share:.{digits}f}{NO_BREAK}%"


def signed_percent(share: float | None) -> str:
    return MISSING if share is None else minus(f"{100 * share:+.1f}{NO_BREAK}%")


def points(difference: float | None) -> str:
    """A difference of two accuracies in percentage points, with its sign."""
    return MISSING if difference is None else minus(f"{100 * difference:+.2f}{NO_BREAK}points")


def count(value: float | None) -> str:
    """A count with a prefix: 940, 12.4 k, 3.50 M, 1.82 G."""
    if value is None:
        return MISSING
    for prefix in ("", "k", "M"):
        if abs(value) < THOUSAND - 0.5:
            return f"{significant(value) if prefix else f'{value:.0f}'}{NO_BREAK}{prefix}".rstrip()
        value /= THOUSAND
    return f"{significant(value)}{NO_BREAK}G"


def duration(seconds: float | None) -> str:
    """12 s, 5 min 12 s, 3 h 07 min."""
    if seconds is None:
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{NO_BREAK}h {minutes:02}{NO_BREAK}min"
    return f"{minutes}{NO_BREAK}min {rest:02}{NO_BREAK}s" if minutes else f"{rest}{NO_BREAK}s"


def whole(value: float | None) -> str:
    """A whole number with its digits in groups of three."""
    return MISSING if value is None else f"{value:,.0f}".replace(",", "\u202f")


def exact(value: int) -> str:
    """A whole number of any size, every digit, in groups of three that a line may break between."""
    return f"{value:,}".replace(",", " ")


def magnitude(value: int) -> str:
    """A whole number of any size to two digits: 38 880, 1.2e29 with its power raised."""
    if value < 10 * THOUSAND**2:
        return whole(value)
    power = len(str(value)) - 1
    head = value / 10**power
    return f"{head:.1f}{NO_BREAK}{TIMES}{NO_BREAK}10{str(power).translate(SUPERSCRIPTS)}"


def speed(ratio: float) -> str:
    """How many times faster or slower a latency is than another one, which is ratio times as long."""
    text = significant(ratio if ratio >= 1 else 1 / ratio, 2)
    return f"{text}{TIMES} {'faster' if ratio >= 1 else 'slower'}"


def dimensions(shape: Iterable[int]) -> str:
    """Sizes with the sign of multiplication between them."""
    return TIMES.join(map(str, shape))


def minus(text: str) -> str:
    """text with minus signs for its hyphens."""
    return text.replace("-", MINUS)
