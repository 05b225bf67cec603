"""Rows or whole devices off by a factor of about 1000: microseconds or seconds taken for milliseconds."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Finding, Severity, TableCheck, check
from latency_db.quality.comparisons import MIN_ROWS, SIMILAR_SCALE, Comparison, comparisons, majority_scale
from latency_db.quality.table_arrays import Mask, TableArrays
from latency_db.robust_statistics import Values

_THOUSAND = float(np.log(1000))
_TOLERANCE = float(np.log(4))
"""A deviation counts as 1000 if it is at most 4 times more or less: networks and devices differ as well."""
_MIN_DEVIATIONS = 4
_GAP = float(np.log(30))
"""A ratio of neighbouring latencies of a device that tables of one unit do not have."""


@check("units")
class Units(TableCheck):
    stage = 1

    def find(self, arrays: TableArrays) -> Iterator[Finding]:
        whole = _whole_devices(arrays)
        for number, device in enumerate(arrays.device_names):
            if number in whole:
                message = f"all rows are about {whole[number]} those of the other devices; give the unit of this device"
                yield Finding(self.name, Severity.FAULT, (device,), tuple(arrays.rows_of(number).tolist()), message)
                continue
            rows = arrays.rows_of(number)
            off = _wrong_unit(arrays, number)
            for sign, times in ((1, "1000 times"), (-1, "a thousandth of")):
                wrong = rows[off == sign]
                if len(wrong):
                    message = f"{len(wrong)} of {len(rows)} rows are about {times} what the other rows predict"
                    yield Finding(self.name, Severity.FAULT, (device,), tuple(wrong.tolist()), message)


def _wrong_unit(arrays: TableArrays, device: int) -> Values:
    """For each row of the device [n], 1 if it is about 1000 times too large, -1 if too small, else 0."""
    rows, found = comparisons(arrays, device)
    off = _beyond_gap(arrays.log_ms[rows])
    found = [one for one in found if majority_scale(one.deviation) <= _TOLERANCE]
    for one in found:
        thousand = np.abs(np.abs(one.deviation) - _THOUSAND) < _TOLERANCE
        off = np.where(thousand & (off == 0) & _isolated(one), np.sign(one.deviation), off)
    best = min((majority_scale(one.deviation) for one in found), default=0.0)
    for one in found:
        if majority_scale(one.deviation) <= SIMILAR_SCALE * best:  # evidence against the others
            off[np.abs(one.deviation) < _THOUSAND / 2] = 0
    return off


def _isolated(comparison: Comparison) -> Mask:
    """Rows [n] that deviate more than rows of similar predicted latency: a device may differ for all slow networks."""
    scale = np.maximum(comparison.local_scale, majority_scale(comparison.deviation))
    return np.abs(comparison.deviation) > _MIN_DEVIATIONS * scale


def _beyond_gap(log_ms: Values) -> Values:
    """1 for rows above a wide gap, -1 below it, if a factor of 1000 brings them back among the others; else 0: [n]."""
    off = np.zeros(len(log_ms))
    if len(log_ms) < MIN_ROWS:
        return off
    ordered = np.sort(log_ms)
    gaps = np.diff(ordered)
    widest = int(gaps.argmax())
    if gaps[widest] < _GAP:
        return off
    lower, upper = ordered[: widest + 1], ordered[widest + 1 :]
    few, many, sign = (upper, lower, 1) if len(upper) <= len(lower) else (lower, upper, -1)
    back = few - sign * _THOUSAND
    if many[0] - _TOLERANCE <= np.median(back) <= many[-1] + _TOLERANCE:
        beyond: Mask = log_ms >= few[0] if sign > 0 else log_ms <= few[-1]
        off[beyond] = sign
    return off


def _whole_devices(arrays: TableArrays) -> dict[int, str]:
    """Devices (by index) far from all others which a factor of 1000 brings among them, and how they differ."""
    table = arrays.by_key
    level = np.array([_level(table, device) for device in range(table.shape[1])])
    found = {}
    for device, own in enumerate(level):
        others = np.delete(level, device)
        others = others[np.isfinite(others)]
        if len(others) < 2 or not np.isfinite(own) or np.abs(others - own).min() < _GAP:  # noqa: PLR2004 - a majority
            continue
        sign = 1 if own > np.median(others) else -1
        back = own - sign * _THOUSAND
        if others.min() - _TOLERANCE <= back <= others.max() + _TOLERANCE:
            found[device] = "1000 times" if sign > 0 else "a thousandth of"
    return found


def _level(table: Values, device: int) -> float:
    """Median log ratio of a device to the median device, over shared networks; nan if they are few. table: [k, d]."""
    shared = np.isfinite(table[:, device]) & (np.isfinite(table).sum(axis=1) > 1)
    if shared.sum() < MIN_ROWS:
        return float("nan")
    return float(np.median(table[shared, device] - np.nanmedian(table[shared], axis=1)))
