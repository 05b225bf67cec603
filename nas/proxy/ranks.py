"""How far two scores order the same networks alike (Kendall's tau-b, Biometrika 33, 1945), and how sure that is.

Shapes: n networks, B resamples of them.
"""

from dataclasses import dataclass

import numpy as np

from nas.statistics.rank_correlation import Values, divided, partial_taus

RESAMPLES = 2000
BOUNDS = (0.025, 0.975)
"""Quantiles between which 95 % of the resamples lie."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """tau: of the proxy's order with that of the longer training. tau_size: of the order by multiply-adds with the
    latter. gain: tau - tau_size. tau_given_size: the partial tau of proxy and longer training, which leaves out what
    both owe to the size. One that is not defined, as all values are equal, is None.

    top: how many networks count as the best; shared: how many of these both orders have; by_chance: how many two random
    orders would share on average. loss: how far the accuracy of the proxy's best network, trained for longer, is below
    that of the best one.
    """

    tau: Uncertain | None
    tau_size: Uncertain | None
    gain: Uncertain | None
    tau_given_size: Uncertain | None
    top: int
    shared: int
    by_chance: float
    loss: float


def agreement(proxy: Values, longer: Values, size: Values, *, seed: int) -> Agreement:
    """Compare accuracies by the proxy and by the longer training, and multiply-adds, [n] each, of n >= 2 networks.

    The intervals are quantiles of what n networks drawn from these with replacement give.
    """
    count = len(proxy)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    weights = np.vstack([np.ones(count), drawn])  # the networks themselves come first
    signs = [np.sign(np.subtract.outer(values, values)) for values in (proxy, longer, size)]
    tau, by_size, of_proxy = (_taus(signs[a], signs[b], weights) for a, b in ((0, 1), (2, 1), (0, 2)))
    top = max(1, round(0.3 * count))
    best = [set(np.argsort(-values, kind="stable")[:top].tolist()) for values in (proxy, longer)]
    return Agreement(
        tau=_uncertain(tau),
        tau_size=_uncertain(by_size),
        gain=_uncertain(tau - by_size),
        tau_given_size=_uncertain(partial_taus(tau, of_proxy, by_size)),
        top=top,
        shared=len(best[0] & best[1]),
        by_chance=top * top / count,
        loss=float(longer.max() - longer[int(np.argmax(proxy))]),
    )


def _taus(a: Values, b: Values, weights: Values) -> Values:
    """tau-b [B] from the signs [n, n] of the differences of two scores, where network i occurs weights[., i] times."""

    def pairs(signs: Values) -> Values:
        found: Values = np.sum((weights @ signs) * weights, axis=1)
        return found

    scale = np.sqrt(pairs(a * a) * pairs(b * b))
    return divided(pairs(a * b), scale)


def _uncertain(values: Values) -> Uncertain | None:
    """The first of the values with the quantiles of the others; None if it is not defined."""
    resampled = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not len(resampled):
        return None
    low, high = np.quantile(resampled, BOUNDS)
    return Uncertain(float(values[0]), float(min(low, values[0])), float(max(high, values[0])))
