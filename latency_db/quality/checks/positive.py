"""Rows whose latency is no positive number: failed measurements, marks for `none`, extrapolation below zero."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns


@check("positive")
class Positive(Check):
    stage = 0

    def find(self, columns: Columns) -> Iterator[Finding]:
        for number, device in enumerate(columns.device_names):
            rows = np.flatnonzero((columns.device == number) & ~np.isfinite(columns.log_ms))
            if len(rows):
                least = float(np.nanmin(columns.latency_ms[rows]))
                message = f"{len(rows)} latencies are not above zero (least {least:g} ms); measure them again"
                yield Finding(self.name, Severity.FAULT, (device,), tuple(rows.tolist()), message)
