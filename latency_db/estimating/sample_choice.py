"""Choice of the networks to measure on a new device: those that best predict the latencies of all candidates.

Greedy A-optimal design under the model of `latency_db.estimating.transfer`, with equal shares for all column groups:
each next network is the one that most reduces the mean variance of the log-latencies of all candidates.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.transfer import CONSTANT_VARIANCE, TransferError
from latency_db.estimating.transfer_columns import ColumnGroups, Features
from latency_db.robust_statistics import Values

NOISE_VARIANCE = 0.1
SMOOTH_VARIANCE = 0.1
"""Variance of a smooth function of the columns, which is added to the linear one."""

MAX_CANDIDATES = 2000
"""Of more candidates, this many are drawn at random to choose from."""


def choose_samples(
    features: Features, known_ms: Values, candidates: Sequence[int], count: int, *, seed: int = 0
) -> list[int]:
    """`count` of the rows in candidates: the first at random, by the seed, and each other by the variance that it
    removes.

    features, known_ms: as for `fit_transfer`. TransferError if there are fewer candidates.
    """
    if not 0 < count <= len(candidates):
        raise TransferError(f"{count} networks cannot be chosen from {len(candidates)}: offer more or ask for fewer")
    offered = np.random.default_rng(seed).permutation(np.asarray(candidates, np.int64))[: max(MAX_CANDIDATES, count)]
    covariance = _covariance(ColumnGroups.of(features, known_ms), offered)
    chosen = [0]
    while len(chosen) < count:
        newest = covariance[chosen[-1]]
        covariance -= np.outer(newest, newest) / (NOISE_VARIANCE + newest[chosen[-1]])
        gains = np.sum(covariance**2, axis=0) / (NOISE_VARIANCE + np.diag(covariance))
        gains[chosen] = -np.inf
        chosen.append(int(gains.argmax()))
    return [int(row) for row in offered[chosen]]


def _covariance(groups: ColumnGroups, rows: NDArray[np.int64]) -> Values:
    """Prior covariance of the log-latencies of networks at these rows, [rows, rows]: linear, smooth and constant."""
    x = np.concatenate([group[rows] for group in groups.columns.values()], axis=1) / np.sqrt(len(groups.columns))
    inner = x @ x.T
    squared_distance = np.diag(inner)[:, None] + np.diag(inner) - 2 * inner
    return np.asarray(inner + SMOOTH_VARIANCE * np.exp(-squared_distance) + CONSTANT_VARIANCE)
