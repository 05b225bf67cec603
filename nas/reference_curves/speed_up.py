"""How much faster a network is than a curve of others at equal accuracy: interpolation, and an interval by bootstrap.

A curve is a family of networks, measured alike. Only its monotone envelope counts: networks than which no faster one is
as accurate. Between two of them the logarithm of the latency is linear in the accuracy. The interval is that of a
parametric bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 6.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor, inf

import numpy as np

from nas.reference_curves.outside import Outside

DRAWS = 2000
COVERED = 0.95

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Measured:
    """A network's accuracy, a fraction, and its latency, with the standard deviations of both; None: not known."""

    accuracy: float
    latency_ms: float
    accuracy_error: float | None = None
    latency_error_ms: float | None = None


@dataclass(frozen=True, slots=True)
class SpeedUp:
    """The curve's latency at the network's accuracy, in latencies of the network, with its 95 % interval.

    outside: the network is more accurate than the whole curve, or less than the fastest network of it; the ratio is
    then that of the curve's nearest end, and has no interval. low, high: None where that end of the interval is open,
    as the accuracy may be outside, or where the error of an accuracy is not known.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    outside: Outside | None = None


@lru_cache(maxsize=1024)  # a search is read far more often than it changes
def speed_up(curve: tuple[Measured, ...], network: Measured, *, draws: int = DRAWS, seed: int = 0) -> SpeedUp:
    """How much faster network is than the curve at equal accuracy.

    curve: one network or more, in any order. The interval covers the errors that are given, as independent ones: normal
    of an accuracy, lognormal of a latency. Draws in which the accuracy is outside leave the end of the interval open
    that they would be at. Accuracies of networks on the same images go up and down together, so it is wider than need
    be.
    """
    accuracies, latencies = (np.array([[getattr(each, name) for each in curve]]) for name in ("accuracy", "latency_ms"))
    (at,) = _latency_at(accuracies, latencies, np.array([network.accuracy]))
    if at in {0.0, inf}:
        outside, end = (Outside.ABOVE, -1) if at else (Outside.BELOW, 0)
        return SpeedUp(envelope(curve)[end].latency_ms / network.latency_ms, outside=outside)
    ratio = float(at) / network.latency_ms
    if any(each.accuracy_error is None for each in (*curve, network)):
        return SpeedUp(ratio)
    rng = np.random.default_rng(seed)
    drawn = [_drawn(each, draws, rng) for each in (*curve, network)]
    own_accuracy, own_latency = drawn.pop()
    accuracies, latencies = (np.stack(column, axis=1) for column in zip(*drawn, strict=True))
    ratios = np.sort(_latency_at(accuracies, latencies, own_accuracy) / own_latency)
    cut = floor(draws * (1 - COVERED) / 2)
    low, high = (float(ratios[place]) for place in (cut, -1 - cut))
    return SpeedUp(ratio, low if 0.0 < low < inf else None, high if 0.0 < high < inf else None)


def envelope(curve: Sequence[Measured]) -> list[Measured]:
    """The networks of a curve that count, by rising latency and accuracy."""
    kept: list[Measured] = []
    for each in sorted(curve, key=lambda each: (each.latency_ms, -each.accuracy)):
        if not kept or each.accuracy > kept[-1].accuracy:
            kept.append(each)
    return kept


def _drawn(measured: Measured, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Accuracies and latencies as they may have turned out."""
    accuracies = rng.normal(measured.accuracy, measured.accuracy_error or 0.0, draws)
    spread = (measured.latency_error_ms or 0.0) / measured.latency_ms
    return accuracies, measured.latency_ms * np.exp(rng.normal(0.0, spread, draws))


def _latency_at(accuracies: Floats, latencies: Floats, wanted: Floats) -> Floats:
    """The latency at the wanted accuracy on the envelope of each of n curves; 0 below it, infinite above it.

    accuracies, latencies: n rows, a column for each network. wanted: n accuracies.
    """
    order = np.lexsort((-accuracies, latencies))
    accuracies, latencies = (np.take_along_axis(each, order, axis=1) for each in (accuracies, latencies))
    best = np.maximum.accumulate(accuracies, axis=1)
    rises = np.concatenate([np.ones((len(best), 1), bool), best[:, 1:] > best[:, :-1]], axis=1)
    last = np.maximum.accumulate(np.where(rises, np.arange(best.shape[1]), 0), axis=1)
    logs = np.log(np.take_along_axis(latencies, last, axis=1))  # of the envelope's last network so far
    right = (best < wanted[:, None]).sum(axis=1)  # the first that is as accurate
    rows, inside = np.arange(len(best)), np.minimum(right, best.shape[1] - 1)
    left = np.maximum(inside - 1, 0)
    low, high = best[rows, left], best[rows, inside]
    share = np.where(high > low, (wanted - low) / np.where(high > low, high - low, 1.0), 1.0)
    found = np.exp(logs[rows, left] + np.clip(share, 0.0, 1.0) * (logs[rows, inside] - logs[rows, left]))
    found = np.where(right == best.shape[1], inf, found)
    return np.where(wanted < best[:, 0], 0.0, found)
