"""Pairs of devices whose latencies are proportional, or nearly equal: one of them is a copy, or both are one device."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.comparisons import MIN_ROWS
from latency_db.quality.table_arrays import TableArrays
from latency_db.robust_statistics import median_scale

_PROPORTIONAL = (0.003, 0.01)
"""Largest standard deviation of the log ratio of two devices, as such and as a share of that of the log latencies."""
_EQUAL = (0.03, 0.05)
"""Larger limits than _PROPORTIONAL, for devices whose median ratio is 1 to within _EQUAL_LEVEL."""
_EQUAL_LEVEL = 0.005


@check("copied_devices")
class CopiedDevices(TableCheck):
    stage = 2

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        table = arrays.by_key
        for one, other in combinations(range(table.shape[1]), 2):
            common = np.isfinite(table[:, one]) & np.isfinite(table[:, other])
            if common.sum() < MIN_ROWS:
                continue
            ratio = table[common, one] - table[common, other]
            factor = float(np.median(ratio))
            deviation, spread = median_scale(ratio), median_scale(table[common, one])
            proportional = deviation <= min(_PROPORTIONAL[0], _PROPORTIONAL[1] * spread)
            equal = abs(factor) <= _EQUAL_LEVEL and deviation <= min(_EQUAL[0], _EQUAL[1] * spread)
            if spread == 0 or not (proportional or equal):
                continue
            names = (arrays.device_names[one], arrays.device_names[other])
            rows = np.flatnonzero(np.isin(arrays.device, (one, other)) & common[arrays.key] & arrays.sound)
            message = (
                f"{names[0]} is {np.exp(factor):.4g} times {names[1]} on {int(common.sum())} networks, to within "
                f"{deviation:.2%}: one of them was not measured, or they are one device"
            )
            yield Finding(self.name, Severity.WARNING, names, tuple(rows.tolist()), message)
