"""What a latency is expected to be, judged by the other rows of its table.

Two witnesses: the same network on other devices, and networks of like features on the same device. All in natural
logarithms, and by medians, so that a few wrong rows do not move what they are compared with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latency_db.quality.columns import Codes, Columns, Values

MIN_ROWS = 12
"""Below this, nothing is said of a column."""

MIN_SCALE = 0.01
_BEST_DEVICES = 5
_NEIGHBOURS = 5
_ANCHORS = 1000
_WINDOW = 31
_ITERATIONS = 6
_RIDGE = 1e-3
_LIKE = 2
"""A witness whose scale is at most so many times that of the sharpest has a say against it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Deviation of rows from what one witness expects, nan where it cannot say.

    scale is the usual size of a deviation, local that among the rows of which it expects about the same.
    """

    deviation: Values
    scale: float
    local: Values

    @classmethod
    def of(cls, deviation: Values, log_ms: Values) -> "Witness":
        return cls(deviation, robust_scale(deviation), _local_scale(deviation, log_ms - deviation))

    @property
    def scales(self) -> Values:
        return np.maximum(self.scale, self.local)


def robust_scale(deviation: Values) -> float:
    """Standard deviation as the middle of the values and as their 90th percentile tell it, the larger of both."""
    size = np.abs(deviation[np.isfinite(deviation)])
    if len(size) == 0:
        return float("inf")
    return max(1.4826 * float(np.median(size)), float(np.quantile(size, 0.9)) / 1.645, MIN_SCALE)


def middle_scale(deviation: Values) -> float:
    """Standard deviation as the middle of the values tells it: right while fewer than half of them are wrong."""
    size = np.abs(deviation[np.isfinite(deviation)])
    return max(1.4826 * float(np.median(size)), MIN_SCALE) if len(size) else float("inf")


def witnesses(columns: Columns, device: int) -> tuple[Codes, list[Witness]]:
    """Rows of a device, and what there is to compare them with."""
    if device not in columns.known:
        columns.known[device] = _witnesses(columns, device)
    known: tuple[Codes, list[Witness]] = columns.known[device]
    return known


def _witnesses(columns: Columns, device: int) -> tuple[Codes, list[Witness]]:
    rows = columns.rows_of(device)
    if len(rows) < MIN_ROWS:
        return rows, []
    found = [_elsewhere(columns, device, rows), *_alike(columns, rows)]
    return rows, [Witness.of(deviation, columns.log_ms[rows]) for deviation in found if deviation is not None]


def _local_scale(deviation: Values, expected: Values) -> Values:
    """Standard deviation, as the middle tells it, in a window of rows with like expectation."""
    known = np.flatnonzero(np.isfinite(deviation))
    found = np.zeros(len(deviation))
    if len(known) < _WINDOW:
        return found
    order = known[np.argsort(expected[known], kind="stable")]
    windows = np.median(np.lib.stride_tricks.sliding_window_view(np.abs(deviation[order]), _WINDOW), axis=1)
    found[order] = 1.4826 * np.pad(windows, (_WINDOW // 2, _WINDOW - 1 - _WINDOW // 2), mode="edge")
    return found


def _elsewhere(columns: Columns, device: int, rows: Codes) -> Values | None:
    """Against the devices that agree best with this one, each after a robust straight line."""
    table = columns.by_key
    own = table[:, device]
    said: list[tuple[float, Values]] = []
    for other in range(table.shape[1]):
        common = np.isfinite(own) & np.isfinite(table[:, other])
        if other == device or common.sum() < MIN_ROWS:
            continue
        slope, offset = _line(table[common, other], own[common])
        expected = offset + slope * table[:, other]
        said.append((middle_scale((own - expected)[common]), expected))
    if not said:
        return None
    said.sort(key=lambda one: one[0])
    best = np.stack([expected for scale, expected in said[:_BEST_DEVICES] if scale <= 2 * said[0][0]])
    return columns.log_ms[rows] - _median(best)[columns.key[rows]]


def _line(x: Values, y: Values) -> tuple[float, float]:
    """Slope and offset through the medians of the lowest, middle and highest third (Tukey's resistant line)."""
    order = np.argsort(x)
    third = max(len(x) // 3, 1)
    low, high = order[:third], order[-third:]
    width = float(np.median(x[high]) - np.median(x[low]))
    slope = float(np.median(y[high]) - np.median(y[low])) / width if width > 0 else 1.0
    slope = min(max(slope, 0.0), 2.0)
    return slope, float(np.median(y - slope * x))


def _median(said: Values) -> Values:
    """Median of what the devices say of each key; nan where none says anything."""
    known = np.isfinite(said).any(axis=0)
    middle = np.full(said.shape[1], np.nan)
    middle[known] = np.nanmedian(said[:, known], axis=0)
    return middle


def _alike(columns: Columns, rows: Codes) -> list[Values]:
    """Against a robust regression on the features, and against the nearest rows by what the regression says matters."""
    design = columns.design[rows]
    design = design[:, np.ptp(design, axis=0) > 0]
    if design.shape[1] == 0:
        return []
    design = (design - design.mean(axis=0)) / design.std(axis=0)
    centred = columns.log_ms[rows] - np.median(columns.log_ms[rows])
    weights, leverage = regress(design, centred)
    effects = design * weights[1:]
    deviation = (centred - weights[0] - effects.sum(axis=1)) / np.maximum(1 - leverage, 0.1)
    return [deviation, deviation - _nearby(effects, deviation)]


def regress(design: Values, target: Values) -> tuple[Values, Values]:
    """Weights (intercept first) of a regression by least absolute errors, and how much each row pulls its own fit."""
    x = np.concatenate([np.ones((len(design), 1)), design], axis=1)
    ridge = _RIDGE * len(x) * np.eye(x.shape[1])
    ridge[0, 0] = 0
    trust = np.ones(len(x))
    for _ in range(_ITERATIONS):
        weighted = x * trust[:, None]
        normal = weighted.T @ x + ridge
        weights = np.linalg.solve(normal, weighted.T @ target)
        deviation = np.abs(target - x @ weights)
        trust = 1 / np.maximum(deviation, max(float(np.median(deviation)), 1e-6))
        trust /= trust.max()
    leverage: Values = ((x @ np.linalg.inv(normal)) * weighted).sum(axis=1)
    return weights, leverage


def _nearby(effects: Values, deviation: Values) -> Values:
    """Median deviation of the nearest other rows."""
    count = len(effects)
    anchors = np.arange(count) if count <= _ANCHORS else np.random.default_rng(0).choice(count, _ANCHORS, replace=False)
    among = effects[anchors]
    lengths = (among**2).sum(axis=1)
    found = np.empty(count)
    for start in range(0, count, _ANCHORS):
        part = effects[start : start + _ANCHORS]
        distance = lengths - 2 * part @ among.T
        distance[anchors == np.arange(start, start + len(part))[:, None]] = np.inf
        nearest = np.argpartition(distance, min(_NEIGHBOURS, len(anchors) - 1), axis=1)[:, :_NEIGHBOURS]
        found[start : start + len(part)] = np.median(deviation[anchors[nearest]], axis=1)
    return found


def judge(found: Sequence[Witness]) -> tuple[Values, Values] | None:
    """Deviation and scale of each row by its sharpest witness; a deviation that a like witness denies is made small.

    None without a witness.
    """
    if not found:
        return None
    ordered = sorted(found, key=lambda one: one.scale)
    deviation = np.full(len(ordered[0].deviation), np.nan)
    scale = np.full(len(deviation), np.inf)
    for one in ordered:
        here = np.isnan(deviation) & np.isfinite(one.deviation)
        deviation[here], scale[here] = one.deviation[here], one.scales[here]
    for one in ordered:
        like = np.isfinite(one.deviation) & (one.scales <= _LIKE * scale)
        smaller = like & (np.abs(one.deviation) < np.abs(deviation))
        deviation[smaller] = one.deviation[smaller]
    return deviation, scale
