"""Latencies of whole networks that are exactly a sum over their features: computed from a table, not measured."""

from collections.abc import Iterator

import numpy as np

from latency_db.exchange.table import RowKind
from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.table_arrays import TableArrays
from latency_db.robust_statistics import Values

_MIN_ROWS_PER_COLUMN = 1.25
_MIN_TESTED = 20
_TESTED_SHARE = 0.2
_MAX_ERROR = 3e-4
"""Relative error of nine in ten held-out networks; measurements repeat to 0.001 at best."""
_SEED = 0


@check("sums")
class Sums(TableCheck):
    stage = 2

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        whole = np.array([row.kind is not RowKind.BLOCK for row in arrays.rows])
        for number, device in enumerate(arrays.device_names):
            rows = arrays.rows_of(number)
            rows = rows[whole[rows]]
            error = _additive_error(arrays.design[rows], arrays.latency_ms[rows])
            if error <= _MAX_ERROR:
                message = (
                    f"{len(rows)} networks are the sum of their parts to within {error:.0e}: added up or simulated, "
                    "not measured as wholes"
                )
                yield Finding(self.name, Severity.WARNING, (device,), tuple(rows.tolist()), message)


def _additive_error(design: Values, latency_ms: Values) -> float:
    """90th percentile of the relative errors of a linear model on a held-out fifth of the rows; inf for too few rows.

    design: [n, p]; latency_ms: [n].
    """
    count = len(latency_ms)
    if count == 0 or np.ptp(latency_ms) == 0:
        return float("inf")
    design = design[:, np.ptp(design, axis=0) > 0]
    order = np.random.default_rng(_SEED).permutation(count)
    fitted, tested = order[int(_TESTED_SHARE * count) :], order[: int(_TESTED_SHARE * count)]
    if design.shape[1] == 0 or len(fitted) < _MIN_ROWS_PER_COLUMN * design.shape[1] or len(tested) < _MIN_TESTED:
        return float("inf")
    scaled = np.concatenate([np.ones((count, 1)), design / np.abs(design).max(axis=0)], axis=1)
    relative = scaled / latency_ms[:, None]
    weights = np.linalg.lstsq(relative[fitted], np.ones(len(fitted)), rcond=1e-10)[0]
    return float(np.quantile(np.abs(relative[tested] @ weights - 1), 0.9))
