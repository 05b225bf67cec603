"""Single rows several times above or below what other devices and similar networks predict."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.comparisons import combine, comparisons, majority_scale
from latency_db.quality.table_arrays import Mask, TableArrays
from latency_db.robust_statistics import Values

_MIN_DEVIATIONS = 4
_MIN_FACTOR = 2.0
"""Smaller factors are differences between devices, however precise the predictions are."""
_MAX_SHARE = 0.1
"""If a larger share of rows deviates, they are not outliers: the device differs from the others in this way ..."""
_MAX_SEPARATE_SHARE = 0.3
"""... unless they are at most this share and form a group beyond a gap, with fewer rows in the gap than beyond it."""
_MIN_SEPARATE = 4


@check("outliers")
class Outliers(TableCheck):
    stage = 2

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        for number, device in enumerate(arrays.device_names):
            rows, found = comparisons(arrays, number)
            compared = combine(found)
            if compared is None:
                continue
            deviation, scale = np.nan_to_num(compared[0]), compared[1]
            far = np.abs(deviation) > np.maximum(_MIN_DEVIATIONS * scale, np.log(_MIN_FACTOR))
            if far.sum() > max(_MAX_SHARE * len(rows), 1):
                far[:] = False
            far |= _separate_group(deviation) | _separate_group(-deviation)
            if far.any():
                most = float(np.exp(np.abs(deviation[far]).max()))
                message = f"{far.sum()} of {len(rows)} rows are up to {most:.1f} times off what the other rows predict"
                yield Finding(self.name, Severity.WARNING, (device,), tuple(rows[far].tolist()), message)


def _separate_group(deviation: Values) -> Mask:
    """Rows [n] beyond a gap above the others: the tail of one distribution has no gap."""
    limit = max(_MIN_DEVIATIONS * majority_scale(deviation), float(np.log(_MIN_FACTOR)))
    beyond = deviation > limit
    between = (deviation > limit / 2) & ~beyond
    separate = _MIN_SEPARATE <= beyond.sum() <= _MAX_SEPARATE_SHARE * len(deviation) and between.sum() < beyond.sum()
    return beyond if separate else np.zeros(len(deviation), bool)
