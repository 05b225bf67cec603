"""Rows whose latency is not a finite positive number: failed measurements, codes for a missing one, extrapolation."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.table_arrays import TableArrays


@check("positive")
class Positive(TableCheck):
    stage = 0

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        for number, device in enumerate(arrays.device_names):
            rows = np.flatnonzero((arrays.device == number) & ~np.isfinite(arrays.log_ms))
            if len(rows):
                least = float(np.nanmin(arrays.latency_ms[rows]))
                message = f"{len(rows)} latencies are not above zero (least {least:g} ms); measure them again"
                yield Finding(self.name, Severity.FAULT, (device,), tuple(rows.tolist()), message)
