"""What kernels add to networks, as columns: a network's are the sums over its kernels, and its latency follows from
them. So networks of which nothing but these sums is known are estimated many at once.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.calibration import Predictions
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.features import kernel_features
from latency_db.estimating.kernel_table import KernelSums
from latency_db.estimating.predictor import Predictor
from latency_db.records.reference_models import EMPTY_NETWORK
from latency_db.robust_statistics import Values
from nas.ops.kernels import Kernel

AT_ONCE = 1000
"""Kernels that are interpolated together: memory grows with their number times that of the measured ones."""

FEATURES = 4
"""Columns of latency_db.estimating.features.network_features."""


class Flags(NamedTuple):
    """How many kernels of networks the device refuses, and how many are neither measured nor interpolated: [n]."""

    refused: Values
    unknown: Values


class KernelColumns:
    """The columns of kernels on an estimator's device, whose records must not change.

    These are Flags and KernelSums. On a device that is predicted from whole networks there follow the features of
    network_features before the logarithm, and the KernelSums on each of the other devices.
    """

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self._few_shot = None if estimator.predictor.can_interpolate else estimator.few_shot()
        self._others: Sequence[Predictor] = self._few_shot.known if self._few_shot else ()
        learned = [FEATURES, *(len(KernelSums._fields) for _ in self._others)] if self._few_shot else []
        self._ends = np.cumsum([len(Flags._fields), len(KernelSums._fields), *learned])
        self._rows: dict[Kernel, Values] = {}

    @property
    def can_predict(self) -> bool:
        """Whether there is an estimate of any network."""
        return self._few_shot is not None or EMPTY_NETWORK.key in self._estimator.predictor.network_records

    def __len__(self) -> int:
        """The number of columns."""
        return int(self._ends[-1])

    def totals(self, networks: Sequence[Sequence[Kernel]]) -> Values:
        """The sums over the kernels of networks, or of parts of networks: [n, columns]."""
        new = list(dict.fromkeys(kernel for parts in networks for kernel in parts if kernel not in self._rows))
        for first in range(0, len(new), AT_ONCE):
            some = new[first : first + AT_ONCE]
            self._rows.update(zip(some, self._read(some), strict=True))
        nothing = np.zeros(len(self))
        found = [sum((self._rows[kernel] for kernel in parts), nothing) for parts in networks]
        return np.array(found).reshape(len(networks), len(self))

    def flags(self, totals: Values) -> Flags:
        """The flags in totals [n, columns]."""
        return Flags(*self._split(totals)[0].T)

    def predict(self, totals: Values) -> Predictions:
        """Latencies of networks by their totals [n, columns]; nan where there is no estimate."""
        found = Predictions(*np.full((len(Predictions._fields), len(totals)), np.nan))
        unknown = self.flags(totals).unknown > 0
        for rows, predicted in self._predict(totals, np.flatnonzero(~unknown), np.flatnonzero(unknown)):
            for column, values in zip(found, predicted, strict=True):
                column[rows] = values
        return found

    def _predict(
        self, totals: Values, summed: NDArray[np.intp], learned: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.intp], Predictions]]:
        """Latencies of the networks that are summed, and of those that are learned from others, with their indices."""
        _, own, *more = self._split(totals)
        if len(summed):
            yield summed, self._estimator.predictor.predict_sums(_sums(own[summed]))
        if len(learned) and self._few_shot:
            physical, *others = more
            known = zip(self._others, others, strict=True)
            known_ms = [predictor.predict_sums(_sums(sums[learned])).ms for predictor, sums in known]
            columns = np.array(known_ms).reshape(len(known_ms), len(learned)).T
            yield learned, self._few_shot.predict_sums(np.log1p(physical[learned]), columns)

    def _split(self, totals: Values) -> list[Values]:
        return np.split(totals, self._ends[:-1], axis=1)

    def _read(self, kernels: Sequence[Kernel]) -> Values:
        """The columns of kernels, [kernels, columns]."""
        refused = self._estimator.refused_of(kernels)
        unknown = set(self._estimator.predictor.resolve(kernels))
        flags = np.array([(kernel in refused, kernel in unknown) for kernel in kernels], np.float64)
        known = [kernel for kernel in kernels if kernel not in unknown]
        own = np.zeros((len(kernels), len(KernelSums._fields)))
        own[flags[:, 1] == 0] = _columns(self._estimator.predictor, known)
        columns = [flags, own]
        if self._few_shot:
            columns.append(np.expm1(kernel_features(kernels)[:, :FEATURES]))
            for predictor in self._others:
                predictor.resolve(kernels)
                columns.append(_columns(predictor, kernels))
        return np.concatenate(columns, axis=1)


def _columns(predictor: Predictor, resolved: Sequence[Kernel]) -> Values:
    """The fields of KernelSums for single kernels, [kernels, fields]."""
    latencies = predictor.latencies(resolved)
    rows = [(*latencies[kernel], 1.0) for kernel in resolved]
    return np.array(rows, np.float64).reshape(len(rows), len(KernelSums._fields))


def _sums(columns: Values) -> KernelSums:
    return KernelSums._make(columns.T)
