"""The kernels of a device as a table, and networks as indices of its rows: many networks are summed in one pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas.ops.kernels import Kernel

Values = NDArray[np.float64]
Indices = NDArray[np.int64]

_LEAST_MS = 1e-9


class Share(NamedTuple):
    """What a kernel adds to a network: its time, measured or else interpolated, and what is to be known of that.

    repeat_var, interpolated_var: squared error of the time if it is measured, in ms^2, and if it is interpolated.
    suspect: records of unsteady sessions in it.
    """

    measured_ms: float = 0.0
    interpolated_ms: float = 0.0
    repeat_var: float = 0.0
    interpolated_var: float = 0.0
    weights_mb: float = 0.0
    suspect: float = 0.0


class Sums(NamedTuple):
    """The fields of Share, each summed over the kernels of every network, and how many kernels it has."""

    measured_ms: Values
    interpolated_ms: Values
    repeat_var: Values
    interpolated_var: Values
    weights_mb: Values
    suspect: Values
    kernels: Values

    @property
    def ms(self) -> Values:
        """Never quite zero, so that there is a relative error."""
        return np.maximum(self.measured_ms + self.interpolated_ms, _LEAST_MS)

    def at(self, networks: Indices) -> "Sums":
        """Of some of the networks."""
        return Sums(*(column[networks] for column in self))


@dataclass(frozen=True, slots=True)
class Indexed:
    """Networks as rows of a table: all their kernels one after the other, and how many each network has."""

    rows: Indices
    counts: Indices

    def __len__(self) -> int:
        return len(self.counts)


class KernelTable:
    """Shares of kernels by row. A kernel keeps its row; its share may be replaced."""

    def __init__(self) -> None:
        self._row: dict[Kernel, int] = {}
        self._shares = np.zeros((64, len(Share._fields)))

    def put(self, kernel: Kernel, share: Share) -> None:
        row = self._row.setdefault(kernel, len(self._row))
        if row == len(self._shares):
            self._shares = np.concatenate([self._shares, np.zeros_like(self._shares)])
        self._shares[row] = np.array(share)

    def share(self, kernel: Kernel) -> Share:
        """Of a kernel that has one."""
        return Share(*self._shares[self._row[kernel]].tolist())

    def index(self, networks: Iterable[Iterable[Kernel]]) -> Indexed:
        """Networks, as their kernels, all of which have a share."""
        rows = [[self._row[kernel] for kernel in kernels] for kernels in networks]
        flat = np.fromiter((row for network in rows for row in network), np.int64)
        return Indexed(flat, np.array([len(network) for network in rows], np.int64))

    def sums(self, networks: Indexed) -> Sums:
        """What the kernels of every network add up to."""
        found = np.zeros((len(networks), len(Share._fields)))
        some = networks.counts > 0
        if some.any():
            starts = (np.cumsum(networks.counts) - networks.counts)[some]
            found[some] = np.add.reduceat(self._shares[networks.rows], starts)
        return Sums._make([*found.T, networks.counts.astype(np.float64)])
