"""Columns that explain the latency of a network on a new target: features, and what known targets say of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Features = Mapping[str, Values]

PHYSICAL = "physical"  # of different units, hence standardised
MIN_SINGULAR = 0.03


@dataclass(frozen=True, slots=True)
class Blocks:
    """Columns of every network, centred, each block scaled to unit mean squared length.

    center: of the raw columns. maps: raw columns x columns, how the centred raw ones make the block's.
    """

    center: Values
    maps: dict[str, Values]
    columns: dict[str, Values]

    @classmethod
    def of(cls, features: Features, known_ms: Values) -> "Blocks":
        """From blocks of features, networks x columns each, and networks x known targets."""
        raw = raw_columns(features, known_ms)
        centred = raw - raw.mean(0)
        maps, columns = {}, {}
        for name, mixing in _mixings(features, centred, known_ms.shape[1]):
            mixed = centred @ mixing
            scale = np.sqrt(np.mean(np.sum(mixed**2, axis=1))) or 1.0
            maps[name], columns[name] = mixing / scale, mixed / scale
        return cls(raw.mean(0), maps, columns)

    def grams(self, rows: NDArray[np.int64]) -> Values:
        """Blocks x rows x rows: what each would have two networks share."""
        return np.stack([block[rows] @ block[rows].T for block in self.columns.values()])

    def variances(self, shares: Values) -> Values:
        """The prior variance of every column's weight, from a share for each block."""
        return np.repeat(shares, [block.shape[1] for block in self.columns.values()])


def raw_columns(features: Features, known_ms: Values) -> Values:
    """Features, the known targets' log-latencies, their latencies."""
    return np.concatenate([*features.values(), np.log(known_ms), known_ms], axis=1, dtype=np.float64)


def _mixings(features: Features, centred: Values, known: int) -> Iterator[tuple[str, Values]]:
    """Name and raw columns x columns of each block.

    Known targets make four. Standardised logarithms favour what the targets have in common, and their mean says nothing
    else; whitened, they tell what sets targets apart. Latencies themselves are what adds up where a target is a sum.
    """
    spread = centred.std(0)
    plain, scaled, start = np.eye(len(spread)), np.diag(1 / np.where(spread > 0, spread, np.inf)), 0
    for name, block in features.items():
        stop = start + block.shape[1]
        yield name, (scaled if name == PHYSICAL else plain)[:, start:stop]
        start = stop
    if known:
        logs, sums = scaled[:, start : start + known], scaled[:, start + known :]
        _, singular, axes = np.linalg.svd(centred @ logs, full_matrices=False)
        kept = singular > MIN_SINGULAR * singular[0]
        yield "known", logs
        yield "known, whitened", logs @ (axes[kept].T / singular[kept])
        yield "known, mean", logs.mean(1, keepdims=True)
        yield "known, in ms", sums
