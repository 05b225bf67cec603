"""Groups of columns from which the latency of a network on a new device is predicted: its features, and its latencies
on known devices.

Shapes: n networks, d raw columns, c columns of one group, t known devices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latency_db.robust_statistics import Values

Features = Mapping[str, Values]

PHYSICAL = "physical"
"""The group of features with different units, which are therefore standardised."""

MIN_SINGULAR = 0.03
"""Singular values below this share of the largest are left out of the whitened columns."""


@dataclass(frozen=True, slots=True)
class ColumnGroups:
    """Centred columns by group, each group scaled so that its rows have a mean squared length of 1.

    center: means of the raw columns, [d]. maps: by group, the linear map [d, c] from centred raw columns to its
    columns. columns: by group, [n, c].
    """

    center: Values
    maps: dict[str, Values]
    columns: dict[str, Values]

    @classmethod
    def of(cls, features: Features, known_ms: Values) -> "ColumnGroups":
        """Columns made from groups of features, [n, columns] each, and milliseconds on known devices, [n, t]."""
        raw = raw_columns(features, known_ms)
        centred = raw - raw.mean(0)
        maps, columns = {}, {}
        for name, mixing in _mixings(features, centred, known_ms.shape[1]):
            mixed = centred @ mixing
            scale = np.sqrt(np.mean(np.sum(mixed**2, axis=1))) or 1.0
            maps[name], columns[name] = mixing / scale, mixed / scale
        return cls(raw.mean(0), maps, columns)

    def grams(self, rows: NDArray[np.int64]) -> Values:
        """Inner products between the networks at these rows, [groups, rows, rows]."""
        return np.stack([group[rows] @ group[rows].T for group in self.columns.values()])

    def variances(self, shares: Values) -> Values:
        """Prior variance of the weight of every column, [columns of all groups], from the share of each group,
        [groups].
        """
        return np.repeat(shares, [group.shape[1] for group in self.columns.values()])


def raw_columns(features: Features, known_ms: Values) -> Values:
    """Features, logarithms of the known latencies, and the known latencies themselves, [n, d]."""
    return np.concatenate([*features.values(), np.log(known_ms), known_ms], axis=1, dtype=np.float64)


def _mixings(features: Features, centred: Values, known: int) -> Iterator[tuple[str, Values]]:
    """Name and linear map [d, c] of each group.

    Known devices make four groups. Standardised logarithms emphasise what the devices have in common, and their mean is
    only that; whitened, they emphasise how devices differ. Latencies in ms suit a device that is a sum of others.
    """
    spread = centred.std(0)
    unscaled, scaled, start = np.eye(len(spread)), np.diag(1 / np.where(spread > 0, spread, np.inf)), 0
    for name, group in features.items():
        stop = start + group.shape[1]
        yield name, (scaled if name == PHYSICAL else unscaled)[:, start:stop]
        start = stop
    if known:
        logs, sums = scaled[:, start : start + known], scaled[:, start + known :]
        _, singular, axes = np.linalg.svd(centred @ logs, full_matrices=False)
        kept = singular > MIN_SINGULAR * singular[0]
        yield "known", logs
        yield "known, whitened", logs @ (axes[kept].T / singular[kept])
        yield "known, mean", logs.mean(1, keepdims=True)
        yield "known, in ms", sums
