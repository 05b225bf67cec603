"""Latencies of a device's kernels as one array, and networks as indices of its rows, so that many networks are summed
at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latency_db.robust_statistics import Values
from nas.ops.kernels import Kernel

Indices = NDArray[np.int64]

_MIN_MS = 1e-9


class KernelLatency(NamedTuple):
    """What a kernel adds to the latency of a network: measured_ms if it was measured, or else interpolated_ms.

    repeat_var_ms2: variance between repeated measurements. interpolated_var_ms2: variance of the interpolation.
    suspect: how many of its records are from an unsteady session.
    """

    measured_ms: float = 0.0
    interpolated_ms: float = 0.0
    repeat_var_ms2: float = 0.0
    interpolated_var_ms2: float = 0.0
    weights_mb: float = 0.0
    suspect: float = 0.0


class KernelSums(NamedTuple):
    """Each field of KernelLatency summed over the kernels of each network, and their number: arrays [networks]."""

    measured_ms: Values
    interpolated_ms: Values
    repeat_var_ms2: Values
    interpolated_var_ms2: Values
    weights_mb: Values
    suspect: Values
    kernels: Values

    @property
    def ms(self) -> Values:
        """Milliseconds, [networks]: always above zero, so that relative errors exist."""
        return np.maximum(self.measured_ms + self.interpolated_ms, _MIN_MS)

    def select(self, networks: Indices) -> "KernelSums":
        """The sums of the networks at these indices."""
        return KernelSums(*(column[networks] for column in self))


@dataclass(frozen=True, slots=True)
class IndexedNetworks:
    """Networks as rows of a KernelTable.

    rows: of the kernels of all networks, one network after the other, [kernels]. counts: kernels of each network,
    [networks].
    """

    rows: Indices
    counts: Indices

    def __len__(self) -> int:
        return len(self.counts)


class KernelTable:
    """One row a kernel. A kernel keeps its row, and its latency may be replaced."""

    def __init__(self) -> None:
        self._row: dict[Kernel, int] = {}
        self._latencies = np.zeros((64, len(KernelLatency._fields)))

    def put(self, kernel: Kernel, latency: KernelLatency) -> None:
        row = self._row.setdefault(kernel, len(self._row))
        if row == len(self._latencies):
            self._latencies = np.concatenate([self._latencies, np.zeros_like(self._latencies)])
        self._latencies[row] = np.array(latency)

    def latency(self, kernel: Kernel) -> KernelLatency:
        """The latency of a kernel that is in the table."""
        return KernelLatency(*self._latencies[self._row[kernel]].tolist())

    def index(self, networks: Iterable[Iterable[Kernel]]) -> IndexedNetworks:
        """Networks given as their kernels, all of which are in the table."""
        rows = [[self._row[kernel] for kernel in kernels] for kernels in networks]
        flat = np.fromiter((row for network in rows for row in network), np.int64)
        return IndexedNetworks(flat, np.array([len(network) for network in rows], np.int64))

    def sums(self, networks: IndexedNetworks) -> KernelSums:
        """The sums over the kernels of each network."""
        found = np.zeros((len(networks), len(KernelLatency._fields)))
        some = networks.counts > 0
        if some.any():
            starts = (np.cumsum(networks.counts) - networks.counts)[some]
            found[some] = np.add.reduceat(self._latencies[networks.rows], starts)
        return KernelSums._make([*found.T, networks.counts.astype(np.float64)])
