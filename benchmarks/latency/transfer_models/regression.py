"""Gaussian-process regression of log-latency on categorical choices and physical quantities.

Kernel: linear and smooth in the quantities, beside (1 + r)^(choices that agree), the ANOVA kernel of all orders of
interaction. Chosen by how well each measured network is predicted by the others; outliers count less.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from latency_db.robust_statistics import normal_scale, student_weights

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

INTERACTION = (0.03, 0.3, 1.0)
CHOICES = (0.01, 0.05, 0.3)  # the choices' share, beside one of quantities
SMOOTH = 0.3
NOISE = 10.0 ** np.arange(-5.0, 1.0, 0.5)
CONSTANT_VARIANCE = 10.0
FREEDOM = 4.0  # of Student's t: published latencies have outliers
ROUNDS = 5
CHUNK = 2000


def agreement(a: Codes, b: Codes) -> Values:
    """In how many columns two rows agree."""
    counts = np.zeros((len(a), len(b)))
    for column in range(a.shape[1]):
        counts += a[:, column, None] == b[None, :, column]
    return counts


def predict_choices(codes: Codes, quantities: Values, rows: Sequence[int], logs: Values) -> Values:
    """Log-latencies (networks x columns of `logs`) of all networks, from those of networks `rows`.

    codes: networks x choices. quantities: networks x numbers such as log multiply-adds; it may have no column. The
    kernel and the noise are each column's own.
    """
    chosen = np.asarray(rows, np.int64)
    spread = quantities[chosen].std(0)
    scaled = (quantities - quantities[chosen].mean(0)) / np.where(spread > 0, spread, np.inf)
    seen, numbers, slots = codes[chosen], scaled[chosen], codes.shape[1]
    center = np.median(logs, axis=0)
    agree, plain = agreement(seen, seen) - slots, _plain(numbers, numbers)
    settings = _choose(agree, plain, logs - center)
    solved = [
        _robust(share * (1 + r) ** agree + plain, noise, y)
        for (share, r, noise), y in zip(settings, (logs - center).T, strict=True)
    ]
    found = np.empty((len(codes), logs.shape[1]))
    for start in range(0, len(codes), CHUNK):
        part = slice(start, start + CHUNK)
        cross, beside = agreement(codes[part], seen) - slots, _plain(scaled[part], numbers)
        for column, ((share, r, _), alpha) in enumerate(zip(settings, solved, strict=True)):
            found[part, column] = center[column] + (share * (1 + r) ** cross + beside) @ alpha
    return found


def _plain(a: Values, b: Values) -> Values:
    """The constant's and the quantities' kernel: a line and, beside it, a smooth curve."""
    count = max(a.shape[1], 1)
    inner = a @ b.T / count
    apart = np.mean(a**2, axis=1)[:, None] + np.mean(b**2, axis=1) - 2 * inner if a.shape[1] else inner
    return np.asarray(CONSTANT_VARIANCE + inner + SMOOTH * np.exp(-apart / 2))


def _choose(agree: Values, plain: Values, y: Values) -> list[tuple[float, float, float]]:
    """(share of choices, interaction, noise) of each column of y: the best at predicting each row from the others."""
    best, settings = np.full(y.shape[1], -np.inf), [(0.0, 0.0, 0.0)] * y.shape[1]
    for share, r in product(CHOICES, INTERACTION):
        eigen, axes = np.linalg.eigh(share * (1 + r) ** agree + plain)
        z, squares = axes.T @ y, axes**2
        for noise in NOISE:
            spread = np.maximum(eigen, 0) + noise
            left = (axes @ (z / spread[:, None])) / (squares @ (1 / spread))[:, None]
            score = _likelihood(left)
            for column in np.flatnonzero(score > best):
                best[column], settings[column] = score[column], (share, r, float(noise))
    return settings


def _likelihood(left: Values) -> Values:
    """Of errors under Student's t, one for each column."""
    variance = _variance(left)
    tails = np.log1p(left**2 / (FREEDOM * variance)).sum(0)
    return np.asarray(-len(left) / 2 * np.log(variance) - (FREEDOM + 1) / 2 * tails)


def _variance(left: Values) -> Values:
    return np.asarray(normal_scale(left) ** 2 + 1e-12)


def _robust(kernel: Values, noise: float, y: Values) -> Values:
    """K^-1 y, after the noise of each row was raised by its error when predicted from the others."""
    doubt = np.ones(len(y))
    for _ in range(ROUNDS):
        inverse = np.linalg.inv(kernel + np.diag(noise * doubt))
        alpha = inverse @ y
        left = alpha / np.diag(inverse)
        doubt = 1 / student_weights(left**2 / _variance(left), FREEDOM)
    return np.asarray(alpha)
