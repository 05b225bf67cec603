"""Latencies rounded so coarsely that different networks look equal, such as whole milliseconds."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.table_arrays import Mask, TableArrays, are_multiples, decimal_step
from latency_db.robust_statistics import Values

_STEPS_MS = tuple(step * 10.0**power for power in (2, 1, 0, -1, -2, -3, -4) for step in (5.0, 2.0, 1.0))
_MAX_ERROR = 0.01
"""A step is too coarse if half of it is a larger share of the median latency."""
_MAX_STEP_OF_SPREAD = 0.05
"""A step is too coarse if it is a larger share of the interquartile range of the device's latencies."""
_MIN_ROWS = 8
_MIN_RATIO_TO_CHANCE = 10
"""Smallest ratio of the rows that are multiples of a step to those expected by chance."""
_MIN_SHARE_OF_BEST = 0.8
"""A coarser step is preferred to the one with most multiples if it has this share of them."""


@check("resolution")
class Resolution(TableCheck):
    stage = 1

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        for number, device in enumerate(arrays.device_names):
            rows = arrays.rows_of(number)
            found = _coarse_step(arrays.latency_ms[rows])
            if found is None:
                continue
            step, on_step = found
            rounded = rows[on_step]
            error = step / 2 / float(np.median(arrays.latency_ms[rounded]))
            message = (
                f"{len(rounded)} of {len(rows)} rows are multiples of {step:g} ms: rounded by up to {error:.1%}; "
                "ask the source for the unrounded times"
            )
            yield Finding(self.name, Severity.WARNING, (device,), tuple(rounded.tolist()), message)


def _coarse_step(values: Values) -> tuple[float, Mask] | None:
    """The step in ms that values [n] in ms were rounded to, and which of them [n]; None if it is fine enough."""
    finest = decimal_step(values)
    spread = float(np.subtract(*np.quantile(values, (0.75, 0.25)))) if len(values) else 0.0
    found: list[tuple[float, Mask]] = []
    for step in _STEPS_MS:
        on_step = are_multiples(values, step)
        by_chance = len(values) * min(finest / step, 1.0)
        if on_step.sum() < _MIN_ROWS or (step > finest and on_step.sum() < _MIN_RATIO_TO_CHANCE * by_chance):
            continue
        if step / 2 > _MAX_ERROR * np.median(values[on_step]) or step > _MAX_STEP_OF_SPREAD * spread:
            found.append((step, on_step))
    most = max((on_step.sum() for _, on_step in found), default=0)
    return next(((step, on_step) for step, on_step in found if on_step.sum() >= _MIN_SHARE_OF_BEST * most), None)
