"""Devices with one latency for many networks: a default value, a failed export, a column filled down."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.table_arrays import TableArrays

_MIN_KEYS = 5
_MIN_TIES = 0.5
"""Smallest share of a device's rows with one value for which that value counts as a default."""


@check("constant")
class Constant(TableCheck):
    stage = 1

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        for number, device in enumerate(arrays.device_names):
            rows = arrays.rows_of(number)
            if len(np.unique(arrays.key[rows])) < _MIN_KEYS:
                continue
            values, sizes = np.unique(arrays.latency_ms[rows], return_counts=True)
            commonest = int(sizes.argmax())
            if sizes[commonest] < max(_MIN_TIES * len(rows), _MIN_KEYS):
                continue
            same = rows[arrays.latency_ms[rows] == values[commonest]]
            if len(np.unique(arrays.key[same])) < _MIN_KEYS:
                continue
            message = f"{len(same)} of {len(rows)} rows of different networks are {values[commonest]:g} ms each"
            yield Finding(self.name, Severity.FAULT, (device,), tuple(same.tolist()), message)
