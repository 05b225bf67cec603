"""Latency of networks of repeated blocks from measured networks alone: a sum over blocks of products of choices.

What a block costs multiplies its choices (expansion x layers x kernel), and what a network costs adds its blocks; a
regression on choices one by one sees neither. Each product has a variance of its own, found by the evidence
(MacKay 1992, "Bayesian interpolation", fixed-point updates), so that products that explain nothing vanish.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.int64]

ROUNDS = 30
DAMPING = 0.7
CONSTANT_VARIANCE = 10.0
MIN_VARIANCE = 1e-9
MIN_NOISE = 1e-5


@dataclass(frozen=True, slots=True)
class Columns:
    """Standardised columns of every network, and to which component of variance each belongs."""

    values: Values
    component: Indices


def block_columns(choices: Values, blocks: Sequence[Sequence[int]], whole: Values) -> Columns:
    """Columns of networks whose blocks are described by numbers.

    choices: networks x numbers (expansion ratio, layers, ...). blocks: the columns of `choices` that describe each
    block. whole: networks x quantities of whole networks, such as multiply-adds; it may have no column.
    """
    parts: list[Values] = [whole[:, [column]] for column in range(whole.shape[1])]
    for block in blocks:
        for order in range(1, len(block) + 1):
            parts += [choices[:, chosen].prod(1, keepdims=True) for chosen in map(list, combinations(block, order))]
        parts += [_indicators(choices[:, [column]]) for column in block] + [_indicators(choices[:, list(block)])]
    scaled = [_standardised(part) for part in parts]
    component = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
    return Columns(np.concatenate(scaled, axis=1), component)


def predict_composition(columns: Columns, rows: Sequence[int], sample_ms: Values) -> Values:
    """Latency in ms of every network, from `sample_ms` of networks `rows`; the noise is relative."""
    seen = columns.values[np.asarray(rows, np.int64)]
    center, scale = sample_ms.mean(), sample_ms.std() or 1.0
    y, relative = (sample_ms - center) / scale, sample_ms**2 / np.mean(sample_ms**2)
    variances, noise = _variances(seen, columns.component, y, relative)
    prior = variances[columns.component]
    alpha = np.linalg.solve(_covariance(seen, prior, noise * relative), y)
    found = center + scale * (CONSTANT_VARIANCE * alpha.sum() + columns.values @ (prior * (seen.T @ alpha)))
    return np.asarray(np.maximum(found, sample_ms.min() / 2))


def _variances(seen: Values, component: Indices, y: Values, relative: Values) -> tuple[Values, float]:
    """The variance of every component, and of the noise."""
    count = int(component.max()) + 1
    variances, noise = np.full(count, 1 / count), 0.02
    for _ in range(ROUNDS):
        covariance = _covariance(seen, variances[component], noise * relative)
        whiten = np.linalg.inv(np.linalg.cholesky(covariance))
        inverse = whiten.T @ whiten
        alpha = inverse @ y
        explained = np.bincount(component, (seen.T @ alpha) ** 2)
        expected = np.bincount(component, ((whiten @ seen) ** 2).sum(0))
        # The ones are a weak prior of 1 / count for each, which keeps few samples from choosing a single product.
        variances = np.maximum(variances * ((explained + 1) / (expected + count)) ** DAMPING, MIN_VARIANCE)
        change = (alpha**2 @ relative) / (np.diag(inverse) @ relative)
        noise = max(noise * float(change) ** DAMPING, MIN_NOISE)
    return variances, noise


def _covariance(seen: Values, prior: Values, noise: Values) -> Values:
    return np.asarray((seen * prior) @ seen.T + np.diag(noise) + CONSTANT_VARIANCE)


def _indicators(choices: Values) -> Values:
    """One column for each distinct row."""
    distinct, place = np.unique(choices, axis=0, return_inverse=True)
    return np.eye(len(distinct))[place.reshape(-1)]


def _standardised(part: Values) -> Values:
    centred = part - part.mean(0)
    return np.asarray(centred / (np.sqrt(np.mean(np.sum(centred**2, axis=1))) or 1.0))
