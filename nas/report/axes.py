"""Axes: values to places in a drawing, and the values worth a tick."""

from dataclasses import dataclass
from math import ceil, floor, log10
from statistics import quantiles

LOG_RATIO = 8
"""Latencies that span more than this ratio go on a logarithmic axis."""

FENCE = 1.5
"""Interquartile ranges below the lower quartile beyond which a value is far below the rest (Tukey's fence)."""

QUARTILES_FROM = 8
"""Values below which quartiles say little."""

ENOUGH = 4
"""Ticks below which a logarithmic axis shows more than 1, 2, 5 of each decade."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from low to high onto places from start to end."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of value; beyond the ends if it is beyond the range."""
        share = (self._level(value) - self._level(self.low)) / (self._level(self.high) - self._level(self.low))
        return self.start + share * (self.end - self.start)

    def value(self, place: float) -> float:
        """The value at a place; the inverse of calling the axis."""
        share = (place - self.start) / (self.end - self.start)
        level = self._level(self.low) + share * (self._level(self.high) - self._level(self.low))
        return 10.0**level if self.log else level

    def holds(self, value: float) -> bool:
        """Whether value is in the range, but for errors of rounding."""
        slack = 1e-9 * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack

    def ticks(self, about: int = 6) -> list[float]:
        """Round values in the range."""
        return self._decades() if self.log else self._steps(about)

    def _level(self, value: float) -> float:
        return log10(value) if self.log else value

    def _steps(self, about: int) -> list[float]:
        raw = (self.high - self.low) / about
        power = 10.0 ** floor(log10(raw))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [round(i * step, 12) for i in range(first, last + 1)]

    def _decades(self) -> list[float]:
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        for factors in ((1, 2, 5), range(1, 10)):
            ticks = [round(factor * 10.0**power, 12) for power in powers for factor in factors]
            shown = [tick for tick in ticks if self.holds(tick)]
            if len(shown) >= ENOUGH:
                break
        return shown


def latency_axis(values: list[float], start: float, end: float) -> Axis:
    """An axis with a margin around positive values, logarithmic if they span more than LOG_RATIO."""
    low, high = min(values), max(values)
    if high / low > LOG_RATIO:
        margin = (high / low) ** 0.06
        return Axis(low / margin, high * margin, start, end, log=True)
    margin = 0.08 * (high - low) or 0.25 * high
    return Axis(max(low - margin, 0.0), high + margin, start, end)


def fenced_axis(values: list[float], important: list[float], start: float, end: float) -> Axis:
    """An axis with a margin around important values and the others but for those far below the rest."""
    low, high = min(values), max(values)
    if len(values) >= QUARTILES_FROM:
        lower, _, upper = quantiles(values, n=4)
        low = max(low, min([lower - FENCE * (upper - lower), *important]))
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 0.5
    return Axis(low - margin, high + margin, start, end)


def decimals(ticks: list[float]) -> int:
    """Digits after the point that tell the ticks apart."""
    return next((d for d in range(9) if all(abs(round(tick, d) - tick) < 1e-9 for tick in ticks)), 9)  # noqa: PLR2004 - rounding error
