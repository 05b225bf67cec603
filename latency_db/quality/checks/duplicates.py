"""Networks that one device has several rows of, and whether their latencies contradict each other."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.table_arrays import Codes, TableArrays

_TOLERANCE = 0.1
_MAX_DEVIATIONS = 6
"""Latencies agree if they differ by at most this many of their standard deviations."""


@check("duplicates")
class Duplicates(TableCheck):
    stage = 1

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        for number, device in enumerate(arrays.device_names):
            rows = arrays.rows_of(number)
            order = rows[np.argsort(arrays.key[rows], kind="stable")]
            groups = np.split(order, np.flatnonzero(np.diff(arrays.key[order])) + 1) if len(order) else []
            several = [group for group in groups if len(group) > 1]
            bad = [group for group in several if _contradict(arrays, group)]
            good = [group for group in several if not _contradict(arrays, group)]
            if bad:
                message = f"{len(bad)} networks have several rows with latencies over {_TOLERANCE:.0%} apart"
                wrong = tuple(np.concatenate(bad).tolist())
                yield Finding(self.name, Severity.WARNING, (device,), wrong, message)
            if good:
                message = f"{len(good)} networks have several rows"
                yield Finding(self.name, Severity.NOTE, (device,), tuple(np.concatenate(good).tolist()), message)


def _contradict(arrays: TableArrays, group: Codes) -> bool:
    values = arrays.latency_ms[group]
    spread = max((arrays.rows[int(row)].std_ms or 0.0) for row in group) / np.median(values)
    return bool(np.ptp(arrays.log_ms[group]) > max(np.log1p(_TOLERANCE), _MAX_DEVIATIONS * min(spread, _TOLERANCE)))
