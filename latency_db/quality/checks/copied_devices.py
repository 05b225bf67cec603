"""Two devices that are one: all rows equal up to one factor, or the same level and the same ups and downs."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns
from latency_db.quality.expectation import MIN_ROWS

_SAME_SHAPE = (0.003, 0.01)
"""Deviation of the log ratio from a constant, as such and as a share of the spread of the latencies."""
_SAME_DEVICE = (0.03, 0.05)
_SAME_LEVEL = 0.005


@check("copied_devices")
class CopiedDevices(Check):
    stage = 2

    def find(self, columns: Columns) -> Iterator[Finding]:
        table = columns.by_key
        for one, other in combinations(range(table.shape[1]), 2):
            common = np.isfinite(table[:, one]) & np.isfinite(table[:, other])
            if common.sum() < MIN_ROWS:
                continue
            ratio = table[common, one] - table[common, other]
            factor = float(np.median(ratio))
            deviation = 1.4826 * float(np.median(np.abs(ratio - factor)))
            middle = np.median(table[common, one])
            spread = 1.4826 * float(np.median(np.abs(table[common, one] - middle)))
            same_shape = deviation <= min(_SAME_SHAPE[0], _SAME_SHAPE[1] * spread)
            same_device = abs(factor) <= _SAME_LEVEL and deviation <= min(_SAME_DEVICE[0], _SAME_DEVICE[1] * spread)
            if spread == 0 or not (same_shape or same_device):
                continue
            names = (columns.device_names[one], columns.device_names[other])
            rows = np.flatnonzero(np.isin(columns.device, (one, other)) & common[columns.key] & columns.sound)
            message = (
                f"{names[0]} is {np.exp(factor):.4g} times {names[1]} on {int(common.sum())} networks, to within "
                f"{deviation:.2%}: one of them was not measured, or they are one device"
            )
            yield Finding(self.name, Severity.WARNING, names, tuple(rows.tolist()), message)
