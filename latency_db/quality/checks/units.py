"""Rows, blocks of rows or whole devices off by a factor of about a thousand: microseconds or seconds taken for ms."""

from collections.abc import Iterator

import numpy as np

from latency_db.quality.check import Check, Finding, Severity, check
from latency_db.quality.columns import Columns, Mask, Values
from latency_db.quality.expectation import MIN_ROWS, Witness, middle_scale, witnesses

_THOUSAND = float(np.log(1000))
_TOLERANCE = float(np.log(4))
"""Around the thousand, for what tells one network or device from another."""
_DEVIATIONS = 4
_LIKE = 2
"""A witness whose scale is at most so many times that of the sharpest has a say against it."""
_GAP = float(np.log(30))
"""Between neighbouring latencies of a device, which no table of one unit has in its middle."""


@check("units")
class Units(Check):
    stage = 1

    def find(self, columns: Columns) -> Iterator[Finding]:
        whole = _whole_devices(columns)
        for number, device in enumerate(columns.device_names):
            if number in whole:
                message = f"all rows are about {whole[number]} the other devices'; give the unit of this device"
                yield Finding(self.name, Severity.FAULT, (device,), tuple(columns.rows_of(number).tolist()), message)
                continue
            rows = columns.rows_of(number)
            off = _off(columns, number)
            for sign, times in ((1, "1000 times"), (-1, "a thousandth of")):
                wrong = rows[off == sign]
                if len(wrong):
                    message = f"{len(wrong)} of {len(rows)} rows are about {times} what the others let expect"
                    yield Finding(self.name, Severity.FAULT, (device,), tuple(wrong.tolist()), message)


def _off(columns: Columns, device: int) -> Values:
    """For each row of the device, 1 if it is a thousand times too large, -1 if too small, else 0."""
    rows, found = witnesses(columns, device)
    off = _apart(columns.log_ms[rows])
    found = [one for one in found if middle_scale(one.deviation) <= _TOLERANCE]
    for one in found:
        thousand = np.abs(np.abs(one.deviation) - _THOUSAND) < _TOLERANCE
        off = np.where(thousand & (off == 0) & _isolated(one), np.sign(one.deviation), off)
    sharpest = min((middle_scale(one.deviation) for one in found), default=0.0)
    for one in found:
        if middle_scale(one.deviation) <= _LIKE * sharpest:
            off[np.abs(one.deviation) < _THOUSAND / 2] = 0
    return off


def _isolated(witness: Witness) -> Mask:
    """Rows that deviate more than rows of like expectation do: a device may as a whole differ at one end."""
    return np.abs(witness.deviation) > _DEVIATIONS * np.maximum(witness.local, middle_scale(witness.deviation))


def _apart(log_ms: Values) -> Values:
    """The rows beyond a wide gap which a factor of a thousand would bring back among the others."""
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


def _whole_devices(columns: Columns) -> dict[int, str]:
    """Devices far from all others, which a factor of a thousand would bring among them."""
    table = columns.by_key
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
    """Median log ratio to the median device, over the networks that it shares with others."""
    shared = np.isfinite(table[:, device]) & (np.isfinite(table).sum(axis=1) > 1)
    if shared.sum() < MIN_ROWS:
        return float("nan")
    return float(np.median(table[shared, device] - np.nanmedian(table[shared], axis=1)))
