"""Which images are drawn from train for a split that a source lacks: the same share of each class (stratified)."""

import numpy as np
from numpy.typing import NDArray

SHARES = {"test": 0.2, "validation": 0.1}
"""Of what train has before the draw; test is drawn first."""


def drawn_count(count: int, part: str) -> int:
    """How many of a class's images are drawn for a split: at least one, but never the last."""
    return max(0, min(max(1, round(SHARES[part] * count)), count - 1))


def drawn(labels: NDArray[np.int64], part: str, seed: int) -> NDArray[np.bool_]:
    """Which images are drawn for a split: [N]. It depends on the labels and the seed alone."""
    rng = np.random.default_rng((seed, list(SHARES).index(part)))
    found = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        found[rng.permutation(members)[: drawn_count(len(members), part)]] = True
    return found
