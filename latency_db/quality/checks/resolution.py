"""Latencies rounded so coarsely that networks which differ look the same, such as whole milliseconds."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns, Mask, Values

_STEPS_MS = tuple(step * 10.0**power for power in (2, 1, 0, -1, -2, -3, -4) for step in (5.0, 2.0, 1.0))
_MAX_ERROR = 0.01
"""Half a step, as a share of the latency."""
_MAX_STEP_OF_SPREAD = 0.05
"""A step, as a share of the distance between the quartiles of the device's latencies."""
_MIN_ROWS = 8
_CHANCE = 10
"""How many times more rows than by chance have to lie on the steps."""
_MOST = 0.8
"""Share of the rows on the best step that a coarser one must have to be preferred."""
_NEARLY_ALL = 0.95
_LAST_DIGITS = 1e-5


@check("resolution")
class Resolution(Check):
    stage = 1

    def find(self, columns: Columns) -> Iterator[Finding]:
        for number, device in enumerate(columns.device_names):
            rows = columns.rows_of(number)
            found = _coarse(columns.latency_ms[rows])
            if found is None:
                continue
            step, on_step = found
            rounded = rows[on_step]
            error = step / 2 / float(np.median(columns.latency_ms[rounded]))
            message = (
                f"{len(rounded)} of {len(rows)} rows are multiples of {step:g} ms: rounded by up to {error:.1%}; "
                "ask the source for the unrounded times"
            )
            yield Finding(self.name, Severity.WARNING, (device,), tuple(rounded.tolist()), message)


def _coarse(values: Values) -> tuple[float, Mask] | None:
    """The step that too many values are multiples of, if it is too coarse for them, and which they are."""
    finest = _finest(values)
    spread = float(np.subtract(*np.quantile(values, (0.75, 0.25)))) if len(values) else 0.0
    found: list[tuple[float, Mask]] = []
    for step in _STEPS_MS:
        on_step = _on(values, step)
        by_chance = len(values) * min(finest / step, 1.0)
        if on_step.sum() < _MIN_ROWS or (step > finest and on_step.sum() < _CHANCE * by_chance):
            continue
        if step / 2 > _MAX_ERROR * np.median(values[on_step]) or step > _MAX_STEP_OF_SPREAD * spread:
            found.append((step, on_step))
    most = max((on_step.sum() for _, on_step in found), default=0)
    return next(((step, on_step) for step, on_step in found if on_step.sum() >= _MOST * most), None)


def _finest(values: Values) -> float:
    """The power of ten that nearly all values are multiples of; 0 if there is none."""
    powers = (10.0**-power for power in range(-2, 10))
    return next((step for step in powers if _on(values, step).sum() > _NEARLY_ALL * len(values)), 0.0)


def _on(values: Values, step: float) -> Mask:
    """Whether values are multiples of step, to within the last digits of a float."""
    multiples = np.round(values / step)
    return np.asarray((np.abs(values / step - multiples) < _LAST_DIGITS) & (multiples > 0))
