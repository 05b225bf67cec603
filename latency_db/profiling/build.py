"""Builds the table of a space: its kernels are measured in the order that reduces the uncertainty of estimates most."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic

from latency_db.estimating.predictor import GROWTH
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.survey import Draw, HeldOut, HeldOutKernel, Survey, draw_from, survey
from latency_db.storing.store import refused_kernels
from nas.ops.kernels import Kernel
from nas.space import SearchSpace

GOOD_ENOUGH = 0.005
"""Expected error of a random network by its unmeasured kernels at which measuring stops: negligible beside the 2 %
error of estimates with all kernels measured."""

MAX_HELD_OUT = 256
"""The interpolation is judged by the last measured kernels: earlier ones were interpolated from fewer others."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """State of a table. kernels: of the space. coverage: share of the kernels in a random network that are measured.

    measured_again: kernels that were measured again because their session was not steady. refused: kernels that the
    device does not run, with the reasons. held_out: errors of the interpolation, None before any kernel was
    interpolated. expected_error: relative standard deviation of a random network's estimate by its unmeasured kernels,
    None if they cannot be interpolated yet. good_enough: measuring stopped because of it.
    """

    kernels: int
    measured_before: int
    measured_now: int
    measured_again: int
    refused: Mapping[str, str]
    coverage: float
    elapsed_s: float
    held_out: HeldOut | None
    expected_error: float | None
    good_enough: bool

    @property
    def missing(self) -> int:
        """Kernels that are not measured yet and not refused."""
        return self.kernels - self.measured_before - self.measured_now - len(self.refused)

    @property
    def measured(self) -> int:
        return self.measured_before + self.measured_now

    def left_s(self, budget_s: float) -> float:
        """Seconds for the missing kernels at the pace so far, within the budget."""
        left_s = budget_s - self.elapsed_s
        if self.measured_now:
            left_s = min(left_s, self.elapsed_s * self.missing / self.measured_now)
        return max(0.0, left_s)


TableProgress = Callable[[TableReport], None]
"""Called after each batch."""


def build_table(
    measurer: Measurer,
    space: SearchSpace,
    *,
    budget_s: float,
    good_enough: float = GOOD_ENOUGH,
    progress: TableProgress | None = None,
) -> TableReport:
    """Measure the unmeasured kernels of a space, those first that reduce the uncertainty of estimates most, until all
    are measured, budget_s is over, or the expected error is at most good_enough (never with 0). In the time that is
    left, kernels whose session was not steady are measured again.

    Each batch is stored at once, and a later call continues from there; a batch that has begun is finished. budget_s is
    the time to measure; to find the kernels of a large space takes some seconds more. Kernels that the device refuses
    are reported and not tried again.
    """
    table = TableBuilder(measurer, kernel_frequencies(space), draw_from(space))
    start = monotonic()
    while table.missing and monotonic() - start < budget_s and not table.is_good(good_enough):
        table.measure_batch()
        if progress:
            progress(table.report(good_enough, monotonic() - start))
    table.measure_suspects(budget_s - (monotonic() - start))
    if table.measured_now:
        table.survey()
    return table.report(good_enough, monotonic() - start)


class TableBuilder:
    """Builds the table of kernels with these frequencies in networks that `draw` draws, batch by batch.

    missing: kernels that are not measured and not refused, the most frequent first.
    """

    def __init__(self, measurer: Measurer, frequencies: Mapping[Kernel, float], draw: Draw) -> None:
        self._measurer, self._frequencies, self._draw = measurer, frequencies, draw
        self._predictor = measurer.estimator.predictor
        unmeasured = self._predictor.unmeasured(frequencies)
        self._refused = refused_kernels(measurer.store, measurer.device, unmeasured)
        self.missing = {kernel: None for kernel in unmeasured if kernel not in self._refused}
        self._before = len(self._frequencies) - len(unmeasured)
        self._held_out: deque[HeldOutKernel] = deque(maxlen=MAX_HELD_OUT)
        self.measured_now = self.measured_again = self._measured_at_survey = 0
        self._survey: Survey | None = None
        self._order: Sequence[Kernel] = ()
        if self.missing:
            self.survey()

    @property
    def _measured(self) -> int:
        return self._before + self.measured_now

    def survey(self) -> None:
        """Order the kernels by a survey of other networks, with all that is measured by now."""
        self._survey = survey(self._predictor, self._draw, Random(self._measured), self._refused)
        self._order = list(self._survey.gains()) if self._survey else []
        self._measured_at_survey = self._measured

    def measure_batch(self) -> None:
        """Measure the next batch; after a new survey, if GROWTH is reached since the last one."""
        if self._measured >= GROWTH * self._measured_at_survey:
            self.survey()
        best = dict.fromkeys(kernel for kernel in self._order if kernel in self.missing)
        batch = list(best | self.missing)[: self._measurer.batch]
        latencies = self._survey.latencies if self._survey else {}
        predicted = {kernel: latencies[kernel] for kernel in batch if kernel in best}
        self._measurer.measure_kernels(batch)
        refused = refused_kernels(self._measurer.store, self._measurer.device, batch)
        self._refused |= refused
        for kernel in batch:
            del self.missing[kernel]
        self.measured_now += len(batch) - len(refused)
        measured = self._predictor.latencies(predicted)
        self._held_out.extend(
            HeldOutKernel(kernel, latency.interpolated_ms, latency.interpolated_var_ms2, measured[kernel].measured_ms)
            for kernel, latency in predicted.items()
            if kernel not in refused
        )

    def measure_suspects(self, budget_s: float) -> None:
        """Measure the kernels again that have no steady session, once, the most frequent first."""
        suspect = self._predictor.suspect_kernels(self._frequencies)
        self.measured_again = self._measurer.measure_kernels(suspect, budget_s=budget_s)

    def is_good(self, good_enough: float) -> bool:
        error = self._expected_error()
        return bool(good_enough) and error is not None and error <= good_enough

    def report(self, good_enough: float, elapsed_s: float) -> TableReport:
        left = sum(self._frequencies[kernel] for kernel in (*self.missing, *self._refused))
        return TableReport(
            kernels=len(self._frequencies),
            measured_before=self._before,
            measured_now=self.measured_now,
            measured_again=self.measured_again,
            refused={kernel.key: reason for kernel, reason in self._refused.items()},
            coverage=1 - left / sum(self._frequencies.values()),
            elapsed_s=elapsed_s,
            held_out=self._errors(),
            expected_error=self._expected_error(),
            good_enough=bool(self.missing) and self.is_good(good_enough),
        )

    def _errors(self) -> HeldOut | None:
        return self._survey.held_out(self._held_out) if self._survey else None

    def _expected_error(self) -> float | None:
        """Expected error by the last survey, for networks without refused kernels."""
        if not self.missing:
            return 0.0
        errors = self._errors()
        return self._survey.expected_error(errors.variance_inflation if errors else 1.0) if self._survey else None
