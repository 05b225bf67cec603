"""Which networks to measure on a new target: those that leave least to guess about all of them.

Greedy A-optimal design under the model of `latency_db.estimating.transfer` with equal shares for all blocks: each
further network is the one that lowers the mean variance of all networks' log-latencies most.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.transfer import CONSTANT_VARIANCE, TransferError
from latency_db.estimating.transfer_columns import Blocks, Features

Values = NDArray[np.float64]

NOISE = 0.1
SMOOTH = 0.1
MOST = 2000
"""Candidates, drawn at random, that are weighed against each other."""


def choose_samples(
    features: Features, known_ms: Values, candidates: Sequence[int], count: int, *, seed: int = 0
) -> list[int]:
    """`count` of the rows `candidates` of the tables, the first at random, the others by what they teach.

    features, known_ms: as for `fit_transfer`.
    """
    if not 0 < count <= len(candidates):
        raise TransferError(f"{count} networks cannot be chosen from {len(candidates)}: offer more or ask for fewer")
    offered = np.random.default_rng(seed).permutation(np.asarray(candidates, np.int64))[: max(MOST, count)]
    covariance = _covariance(Blocks.of(features, known_ms), offered)
    chosen = [0]
    while len(chosen) < count:
        newest = covariance[chosen[-1]]
        covariance -= np.outer(newest, newest) / (NOISE + newest[chosen[-1]])
        gains = np.sum(covariance**2, axis=0) / (NOISE + np.diag(covariance))
        gains[chosen] = -np.inf
        chosen.append(int(gains.argmax()))
    return [int(row) for row in offered[chosen]]


def _covariance(blocks: Blocks, rows: NDArray[np.int64]) -> Values:
    """Between the log-latencies of networks, before any is measured: a line, and beside it a smooth curve."""
    x = np.concatenate([block[rows] for block in blocks.columns.values()], axis=1) / np.sqrt(len(blocks.columns))
    inner = x @ x.T
    apart = np.diag(inner)[:, None] + np.diag(inner) - 2 * inner
    return np.asarray(inner + SMOOTH * np.exp(-apart) + CONSTANT_VARIANCE)
