"""The oracle of a search: sizes and latencies of thousands of candidates at once, by frozen latencies."""

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.estimate import Estimate, too_wide
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.kernel_columns import KernelColumns
from latency_db.robust_statistics import Values
from latency_db.storing.frozen import FrozenLatencies
from nas.asking.codes import Codes, choices_of
from nas.metric import cost_metrics
from nas.ops import Shape
from nas.ops.cost import LIMITS, Cost, network_cost
from nas.space import SearchSpace
from nas.space_parts import Part, SpaceParts
from nas.trial import Columns

AT_ONCE = 8192
"""Candidates that are read together, so that what is known of them stays in the processor's cache."""

MAX_PARTS = 200_000
"""Parts of networks that are kept, some 50 MB; beyond it all are forgotten, and expanded again when they are met."""

LATENCIES = ("latency_ms", "latency_low_ms", "latency_high_ms")

COSTS = tuple(field.name for field in fields(Cost))
PEAK = COSTS.index("activations")
"""The field of a Cost that is the largest of its parts; others are their sums."""

BITS = 34
"""Latencies are rounded to so many binary digits, 10 decimal ones: sums of floats depend on what is summed beside."""


class SpaceOracle:
    """nas.asking.problem.Known for a factorized space and one device.

    Its columns are nas.metric.cost_metrics, and LATENCIES: the estimate and its interval. They are equal to
    nas.metric.network_metrics and to Estimator.estimate of each network from the frozen latencies. A row is NaN where
    the network cannot be built, has a kernel that the device refuses, or has too wide an interval. The latency alone is
    NaN where it has kernels that are neither measured nor interpolated, and the interval alone where the whole network
    was measured in a single round. LATENCIES are left out if there is no estimate of any network.

    A part of networks that is new is expanded, some ten thousand a second; one that was seen before is looked up.
    """

    def __init__(self, space: SearchSpace, latencies: FrozenLatencies) -> None:
        self._space, self._latencies = space, latencies
        self._reader: _Reader | None = None

    @property
    def digest(self) -> str:
        return self._latencies.digest

    def __call__(self, codes: Codes) -> Columns:
        """SpecError for codes that are not ways through the space."""
        starts = range(0, max(len(codes), 1), AT_ONCE)
        found = [self._ready().read(codes[start : start + AT_ONCE]) for start in starts]
        return {name: np.concatenate([columns[name] for columns in found]) for name in found[0]}

    def _ready(self) -> "_Reader":
        if self._reader is None or len(self._reader) > MAX_PARTS:
            self._reader = _Reader(self._space, self._latencies)
        return self._reader


class _Reader:
    """Reads candidates, and keeps what it finds out of their parts.

    Costs, [parts, fields of Cost], and totals of latency_db.estimating.kernel_columns, [parts, columns].
    """

    def __init__(self, space: SearchSpace, latencies: FrozenLatencies) -> None:
        self._space, self._parts = space, SpaceParts(space)
        self._estimator = Estimator(latencies, latencies.device)
        self._kernels = KernelColumns(self._estimator)
        self._costs = np.zeros((0, len(COSTS)))
        self._totals = np.zeros((0, len(self._kernels)))
        images = [Shape(space.channels, side, side) for side in space.resolution]
        costs = [network_cost(network) for network in self._estimator.predictor.measured_whole(images)]
        whole = np.array([(cost.params, cost.macs) for cost in costs], np.float64).reshape(-1, 2)
        self._measured_costs = np.unique(_cost_keys(whole))
        self._measured = lru_cache(maxsize=MAX_PARTS)(self._estimate_of_record)

    def __len__(self) -> int:
        """The number of parts."""
        return len(self._parts)

    def read(self, codes: Codes) -> Columns:
        """The columns of candidates."""
        numbers, new = self._parts.read(codes)
        if new:
            self._add(new)
        parts, totals = self._costs[numbers], self._totals[numbers].sum(axis=1)
        sums, peak = parts.sum(axis=1), parts[:, :, PEAK].max(axis=1)
        costs = np.column_stack([sums[:, :PEAK], peak, sums[:, PEAK + 1 :]])
        fits = (costs[:, : len(LIMITS)] <= list(LIMITS.values())).all(axis=1)  # NaN does not
        runs = np.flatnonzero(fits & (self._kernels.flags(totals).refused == 0))
        latencies = np.full((len(codes), len(LATENCIES)), np.nan)
        void = np.ones(len(codes), bool)
        latencies[runs], void[runs] = self._latencies_of(codes[runs], costs[runs], totals[runs])
        sizes = cost_metrics(dict(zip(COSTS, costs.T, strict=True)))
        columns = dict(zip(LATENCIES, _rounded(latencies).T, strict=True)) if self._kernels.can_predict else {}
        return {name: np.where(void, np.nan, column) for name, column in (sizes | columns).items()}

    def _add(self, parts: Sequence[Part | None]) -> None:
        """Take up parts that are new; None is one that cannot be built, whose rows are NaN."""
        costs = [[np.nan if part is None else getattr(part.cost, name) for name in COSTS] for part in parts]
        totals = self._kernels.totals([() if part is None else part.kernels for part in parts])
        self._costs = np.concatenate([self._costs, np.array(costs, np.float64)])
        self._totals = np.concatenate([self._totals, totals])

    def _latencies_of(self, codes: Codes, costs: Values, totals: Values) -> tuple[Values, NDArray[np.bool_]]:
        """LATENCIES of networks that can be built, [n, 3], and which of them have too wide an interval, [n]."""
        found = np.column_stack(self._kernels.predict(totals)[: len(LATENCIES)])
        void = ~np.isnan(found[:, 0]) & too_wide(found[:, 1], found[:, 2])
        for row in np.flatnonzero(np.isin(_cost_keys(costs), self._measured_costs)).tolist():
            estimate = self._measured(codes[row].tobytes())
            if estimate:
                found[row] = estimate.ms, estimate.low_ms, estimate.high_ms
                void[row] = estimate.is_too_wide
        return found, void

    def _estimate_of_record(self, row: bytes) -> Estimate | None:
        """The estimate of a candidate that was measured as a whole, in any notation; None of others."""
        choices = choices_of(self._space, np.frombuffer(row, np.int16))
        record = self._estimator.predictor.network_record(self._space.decode(choices).architecture.expand())
        return Estimate.of_record(record) if record else None


def _cost_keys(costs: Values) -> NDArray[np.int64]:
    """One number for the parameters and multiply-adds of networks, [n]; networks with equal graphs share it."""
    params, macs = costs[:, :2].astype(np.int64).T
    return np.asarray(macs * (1 << 28) + params)


def _rounded(values: Values) -> Values:
    """The values to BITS binary digits, in any shape."""
    fraction, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.round(fraction * 2.0**BITS), exponent - BITS))
