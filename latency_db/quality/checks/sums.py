"""Latencies of whole networks that are exactly a sum over their parts: computed from a table, not measured."""

from collections.abc import Iterator

import numpy as np

from latency_db.exchange.table import RowKind
from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns, Values

_ROWS_A_WEIGHT = 1.25
_MIN_TESTED = 20
_TESTED = 0.2
_MAX_ERROR = 3e-4
"""Of nine in ten held-out networks; measurements repeat to a part in a thousand at best."""
_SEED = 0


@check("sums")
class Sums(Check):
    stage = 2

    def find(self, columns: Columns) -> Iterator[Finding]:
        whole = np.array([row.kind is not RowKind.BLOCK for row in columns.rows])
        for number, device in enumerate(columns.device_names):
            rows = columns.rows_of(number)
            rows = rows[whole[rows]]
            error = _additive_error(columns.design[rows], columns.latency_ms[rows])
            if error <= _MAX_ERROR:
                message = (
                    f"{len(rows)} networks are the sum of their parts to within {error:.0e}: added up or simulated, "
                    "not measured as wholes"
                )
                yield Finding(self.name, Severity.WARNING, (device,), tuple(rows.tolist()), message)


def _additive_error(design: Values, latency_ms: Values) -> float:
    """Relative error, 90th percentile, of an additive model on networks that it was not fitted to; inf if unknown."""
    count = len(latency_ms)
    if count == 0 or np.ptp(latency_ms) == 0:
        return float("inf")
    design = design[:, np.ptp(design, axis=0) > 0]
    order = np.random.default_rng(_SEED).permutation(count)
    fitted, tested = order[int(_TESTED * count) :], order[: int(_TESTED * count)]
    if design.shape[1] == 0 or len(fitted) < _ROWS_A_WEIGHT * design.shape[1] or len(tested) < _MIN_TESTED:
        return float("inf")
    scaled = np.concatenate([np.ones((count, 1)), design / np.abs(design).max(axis=0)], axis=1)
    relative = scaled / latency_ms[:, None]
    weights = np.linalg.lstsq(relative[fitted], np.ones(len(fitted)), rcond=1e-10)[0]
    return float(np.quantile(np.abs(relative[tested] @ weights - 1), 0.9))
