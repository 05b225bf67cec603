"""Isolated rows several times off what other devices and like networks let expect."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns, Mask, Values
from latency_db.quality.expectation import judge, middle_scale, witnesses

_DEVIATIONS = 4
_FACTOR = 2.0
"""Less is a difference between devices, however exact the rest is."""
_MAX_SHARE = 0.1
"""More than that of a device's rows are not isolated but a way in which the device differs ..."""
_MAX_APART = 0.3
"""... unless they stand apart from the rest, with fewer rows between than beyond."""
_MIN_APART = 4


@check("outliers")
class Outliers(Check):
    stage = 2

    def find(self, columns: Columns) -> Iterator[Finding]:
        for number, device in enumerate(columns.device_names):
            rows, found = witnesses(columns, number)
            judged = judge(found)
            if judged is None:
                continue
            deviation, scale = np.nan_to_num(judged[0]), judged[1]
            far = np.abs(deviation) > np.maximum(_DEVIATIONS * scale, np.log(_FACTOR))
            if far.sum() > max(_MAX_SHARE * len(rows), 1):
                far[:] = False
            far |= _apart(deviation) | _apart(-deviation)
            if far.any():
                most = float(np.exp(np.abs(deviation[far]).max()))
                message = f"{far.sum()} of {len(rows)} rows are up to {most:.1f} times off what the others let expect"
                yield Finding(self.name, Severity.WARNING, (device,), tuple(rows[far].tolist()), message)


def _apart(deviation: Values) -> Mask:
    """Rows above a sparse stretch: a tail thins out steadily, what is beyond a gap is of another kind."""
    limit = max(_DEVIATIONS * middle_scale(deviation), float(np.log(_FACTOR)))
    beyond = deviation > limit
    between = (deviation > limit / 2) & ~beyond
    isolated = _MIN_APART <= beyond.sum() <= _MAX_APART * len(deviation) and between.sum() < beyond.sum()
    return beyond if isolated else np.zeros(len(deviation), bool)
