"""Gaussian-process regression of log-latency on categorical choices: an ANOVA kernel, all orders of interaction."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

INTERACTION = (0.03, 0.1, 0.3, 1.0)
NOISE = 10.0 ** np.arange(-5.0, 1.0, 0.5)


def agreement(a: NDArray[np.int64], b: NDArray[np.int64]) -> Values:
    """In how many columns two rows agree."""
    counts = np.zeros((len(a), len(b)))
    for column in range(a.shape[1]):
        counts += a[:, column, None] == b[None, :, column]
    return counts


def predict_choices(codes: NDArray[np.int64], logs: Values, wanted: NDArray[np.int64]) -> Values:
    """Log-latencies (rows of `wanted` x columns of `logs`) from those of `codes`.

    Kernel (1 + r)^(agreeing columns); r and the noise of each column of `logs` by the evidence.
    """
    mean, slots, agree, cross = logs.mean(0), codes.shape[1], agreement(codes, codes), agreement(wanted, codes)
    best, found = np.full(logs.shape[1], -np.inf), np.zeros((len(wanted), logs.shape[1]))
    for r in INTERACTION:
        eigen, axes = np.linalg.eigh((1 + r) ** (agree - slots))
        z, projected = axes.T @ (logs - mean), (1 + r) ** (cross - slots) @ axes
        evidence = np.stack([_evidence(eigen, z, noise) for noise in NOISE])
        for column in np.flatnonzero(evidence.max(0) > best):
            noise = NOISE[evidence[:, column].argmax()]
            best[column] = evidence[:, column].max()
            found[:, column] = mean[column] + projected @ (z[:, column] / (eigen + noise))
    return found


def _evidence(eigen: Values, z: Values, noise: float) -> Values:
    spread = np.maximum(eigen, 0) + noise
    scale = np.mean(z**2 / spread[:, None], axis=0)
    return np.asarray(-0.5 * np.log(spread).sum() - len(z) / 2 * np.log(scale + 1e-12))


__all__: Sequence[str] = ["agreement", "predict_choices"]
