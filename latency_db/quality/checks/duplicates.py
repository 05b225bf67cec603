"""The same network on the same device with latencies that contradict each other."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns

_TOLERANCE = 0.1
_DEVIATIONS = 6
"""Of the difference of two times that vary as the rows say."""


@check("duplicates")
class Duplicates(Check):
    stage = 1

    def find(self, columns: Columns) -> Iterator[Finding]:
        for number, device in enumerate(columns.device_names):
            rows = columns.rows_of(number)
            order = rows[np.argsort(columns.key[rows], kind="stable")]
            groups = np.split(order, np.flatnonzero(np.diff(columns.key[order])) + 1) if len(order) else []
            several = [group for group in groups if len(group) > 1]
            bad = [group for group in several if _contradict(columns, group)]
            if bad:
                message = f"{len(bad)} networks are there more than once with latencies over {_TOLERANCE:.0%} apart"
                wrong = tuple(np.concatenate(bad).tolist())
                yield Finding(self.name, Severity.WARNING, (device,), wrong, message)
            if several and len(bad) < len(several):
                again = [group for group in several if not _contradict(columns, group)]
                message = f"{len(again)} networks are there more than once"
                yield Finding(self.name, Severity.NOTE, (device,), tuple(np.concatenate(again).tolist()), message)


def _contradict(columns: Columns, group: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
    values = columns.latency_ms[group]
    spread = max((columns.rows[int(row)].std_ms or 0.0) for row in group) / np.median(values)
    return bool(np.ptp(columns.log_ms[group]) > max(np.log1p(_TOLERANCE), _DEVIATIONS * min(spread, _TOLERANCE)))
