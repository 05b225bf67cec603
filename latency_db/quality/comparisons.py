"""How far each latency of a device is from what the rest of its table predicts, without knowing which rows are wrong.

Three predictions are compared with a device's rows: that of the same networks on other devices, that of a regression on
the networks' features, and that of the networks nearest by those features. All are of natural logarithms, so that a
deviation of 0.01 is about 1 %, and use medians, so that a few wrong rows do not move them.

n: rows of one device; k: keys (distinct networks) of the table; d: devices.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latency_db.quality.table_arrays import Codes, TableArrays
from latency_db.robust_statistics import Values, column_medians, huber_regression, normal_scale, resistant_line

MIN_ROWS = 12
"""Devices with fewer rows are not compared."""

MIN_SCALE = 0.01
"""Scales are at least this: measurements that repeat to 1 % are as good as exact here."""

SIMILAR_SCALE = 2
"""A comparison counts as evidence against the most precise one if its scale is at most this many times larger."""

_TAIL = 0.9
_MAX_DEVICES = 5
_MAX_SCALE_RATIO = 2
_SLOPES = (0.0, 2.0)
_NEIGHBOURS = 5
_MAX_ANCHORS = 1000
_WINDOW = 31
_MIN_FREE = 0.1


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows of a device compared with one prediction.

    deviation: log latency less its prediction [n], nan without a prediction. scale: standard deviation of them all.
    local_scale: standard deviation among the rows of similar predicted latency [n], 0 if there are too few.
    """

    deviation: Values
    scale: float
    local_scale: Values

    @classmethod
    def of(cls, deviation: Values, log_ms: Values) -> "Comparison":
        known = deviation[np.isfinite(deviation)]
        tail = float(normal_scale(known, coverage=_TAIL)) if len(known) else 0.0
        return cls(deviation, max(majority_scale(deviation), tail), _local_scale(deviation, log_ms - deviation))

    @property
    def scales(self) -> Values:
        """The larger of scale and local scale [n]."""
        return np.maximum(self.scale, self.local_scale)


def majority_scale(deviation: Values) -> float:
    """Standard deviation of deviations [n] by their median size, at least MIN_SCALE: right while most rows are right.

    nan is left out; inf if nothing is left.
    """
    known = deviation[np.isfinite(deviation)]
    return max(float(normal_scale(known)), MIN_SCALE) if len(known) else float("inf")


def comparisons(arrays: TableArrays, device: int) -> tuple[Codes, list[Comparison]]:
    """Indices of a device's sound rows [n], and their comparisons; none if there are fewer than MIN_ROWS."""
    if device not in arrays.by_device:
        arrays.by_device[device] = _compare(arrays, device)
    known: tuple[Codes, list[Comparison]] = arrays.by_device[device]
    return known


def combine(found: Sequence[Comparison]) -> tuple[Values, Values] | None:
    """Deviation [n] and scale [n] of each row by its most precise comparison; None without comparisons.

    Where another comparison of similar scale has a smaller deviation, that one is taken: a row is wrong only if all
    good predictions say so.
    """
    if not found:
        return None
    by_scale = sorted(found, key=lambda one: one.scale)
    deviation = np.full(len(by_scale[0].deviation), np.nan)
    scale = np.full(len(deviation), np.inf)
    for one in by_scale:
        here = np.isnan(deviation) & np.isfinite(one.deviation)
        deviation[here], scale[here] = one.deviation[here], one.scales[here]
    for one in by_scale:
        similar = np.isfinite(one.deviation) & (one.scales <= SIMILAR_SCALE * scale)
        smaller = similar & (np.abs(one.deviation) < np.abs(deviation))
        deviation[smaller] = one.deviation[smaller]
    return deviation, scale


def _compare(arrays: TableArrays, device: int) -> tuple[Codes, list[Comparison]]:
    rows = arrays.rows_of(device)
    if len(rows) < MIN_ROWS:
        return rows, []
    deviations = [_from_other_devices(arrays, device, rows), *_from_similar_networks(arrays, rows)]
    return rows, [Comparison.of(found, arrays.log_ms[rows]) for found in deviations if found is not None]


def _local_scale(deviation: Values, predicted: Values) -> Values:
    """Standard deviation of the _WINDOW rows around each row in the order of predictions [n]; 0 for fewer rows."""
    known = np.flatnonzero(np.isfinite(deviation))
    found = np.zeros(len(deviation))
    if len(known) < _WINDOW:
        return found
    order = known[np.argsort(predicted[known], kind="stable")]
    windows = np.lib.stride_tricks.sliding_window_view(deviation[order], _WINDOW)
    found[order] = np.pad(normal_scale(windows, axis=1), (_WINDOW // 2, _WINDOW - 1 - _WINDOW // 2), mode="edge")
    return found


def _from_other_devices(arrays: TableArrays, device: int, rows: Codes) -> Values | None:
    """Deviation [n] from the median of the devices that agree best with this one, each mapped by a robust line."""
    table = arrays.by_key
    own = table[:, device]
    lines: list[tuple[float, Values]] = []
    for other in range(table.shape[1]):
        common = np.isfinite(own) & np.isfinite(table[:, other])
        if other == device or common.sum() < MIN_ROWS:
            continue
        slope, intercept = resistant_line(table[common, other], own[common], _SLOPES)
        predicted = intercept + slope * table[:, other]
        lines.append((majority_scale((own - predicted)[common]), predicted))
    if not lines:
        return None
    lines.sort(key=lambda line: line[0])
    best = [predicted for scale, predicted in lines[:_MAX_DEVICES] if scale <= _MAX_SCALE_RATIO * lines[0][0]]
    return arrays.log_ms[rows] - column_medians(np.stack(best))[arrays.key[rows]]


def _from_similar_networks(arrays: TableArrays, rows: Codes) -> list[Values]:
    """Deviations [n] from a regression on the features, and from that of the nearest rows by the regression's terms."""
    design = arrays.design[rows]
    design = design[:, np.ptp(design, axis=0) > 0]
    if design.shape[1] == 0:
        return []
    design = (design - design.mean(axis=0)) / design.std(axis=0)
    centred = arrays.log_ms[rows] - np.median(arrays.log_ms[rows])
    coefficients, leverage = huber_regression(design, centred)
    terms = design * coefficients[1:]
    residual = centred - coefficients[0] - terms.sum(axis=1)
    deviation = residual / np.maximum(1 - leverage, _MIN_FREE)  # as if each row had been left out of the fit
    return [deviation, deviation - _median_of_neighbours(terms, deviation)]


def _median_of_neighbours(terms: Values, deviation: Values) -> Values:
    """Median deviation [n] of the nearest other rows by their terms [n, p], among at most _MAX_ANCHORS random rows."""
    count = len(terms)
    few = count <= _MAX_ANCHORS
    anchors = np.arange(count) if few else np.random.default_rng(0).choice(count, _MAX_ANCHORS, replace=False)
    among = terms[anchors]
    lengths = (among**2).sum(axis=1)
    found = np.empty(count)
    for start in range(0, count, _MAX_ANCHORS):
        part = terms[start : start + _MAX_ANCHORS]
        distance = lengths - 2 * part @ among.T
        distance[anchors == np.arange(start, start + len(part))[:, None]] = np.inf
        nearest = np.argpartition(distance, min(_NEIGHBOURS, len(anchors) - 1), axis=1)[:, :_NEIGHBOURS]
        found[start : start + len(part)] = np.median(deviation[anchors[nearest]], axis=1)
    return found
