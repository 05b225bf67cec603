"""Devices for which all networks take the same time: a default value, a failed export, a column filled down."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns

_MIN_KEYS = 5
_MIN_TIES = 0.5
"""Share of rows with one and the same value from which on that value is a default."""


@check("constant")
class Constant(Check):
    stage = 1

    def find(self, columns: Columns) -> Iterator[Finding]:
        for number, device in enumerate(columns.device_names):
            rows = columns.rows_of(number)
            if len(np.unique(columns.key[rows])) < _MIN_KEYS:
                continue
            values, sizes = np.unique(columns.latency_ms[rows], return_counts=True)
            commonest = int(sizes.argmax())
            if sizes[commonest] < max(_MIN_TIES * len(rows), _MIN_KEYS):
                continue
            same = rows[columns.latency_ms[rows] == values[commonest]]
            if len(np.unique(columns.key[same])) < _MIN_KEYS:
                continue
            message = f"{len(same)} of {len(rows)} rows are {values[commonest]:g} ms, whatever the network"
            yield Finding(self.name, Severity.FAULT, (device,), tuple(same.tolist()), message)
