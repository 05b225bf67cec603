"""The table of a space: the kernels its networks can ask for, measured in the order in which it pays most."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic

from latency_db.estimating.predictor import GROWTH
from latency_db.profiling.kernel_frequencies import kernel_frequencies
from latency_db.profiling.measurer import Measurer
from latency_db.profiling.survey import Draw, Foretold, HeldOut, Survey, drawing, survey
from latency_db.storing.store import refused_kernels
from nas.ops.kernels import Kernel
from nas.space import SearchSpace

GOOD_ENOUGH = 0.005
"""Expected error of a random network by kernels that lack: beside the 2 % that remain with all of them, 0.5 % are
nothing."""

RECENT = 256
"""So many kernels, the last that were foretold, say how good interpolation is: it was worse when less was measured."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """How far a table has come. coverage: share of the kernels in a random network that are measured.

    measured_again: kernels that had been measured before, or now, on a machine that was not steady. refused: the
    kernels that the device does not run, with the reasons. held_out: None if nothing was foretold.
    expected_error: of a random network's estimate, relative, by the kernels that lack; None if they cannot be
    interpolated yet. good_enough: measuring ended early because of that.
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
        """Kernels that can be measured yet."""
        return self.kernels - self.measured_before - self.measured_now - len(self.refused)

    @property
    def measured(self) -> int:
        return self.measured_before + self.measured_now


TableProgress = Callable[[TableReport], None]
"""Told after each batch."""


def build_table(
    measurer: Measurer,
    space: SearchSpace,
    *,
    budget_s: float,
    good_enough: float = GOOD_ENOUGH,
    progress: TableProgress | None = None,
) -> TableReport:
    """Measure the space's missing kernels, those that make estimates surest first, until all are there, the time is
    over, or the expected error is at most good_enough; 0: never for that. In what is left of the time then, those have
    another session that were measured while the machine was not steady.

    Each batch is stored at once, so a later call goes on from there; a batch that has begun is finished. budget_s is of
    measuring; finding the kernels of a large space takes some seconds more. What the device does not run is reported,
    and not tried again.
    """
    table = Table(measurer, kernel_frequencies(space), drawing(space))
    start = monotonic()
    while table.missing and monotonic() - start < budget_s and not table.is_good(good_enough):
        table.measure_batch()
        if progress:
            progress(table.report(good_enough, monotonic() - start))
    table.measure_suspects(budget_s - (monotonic() - start))
    if table.measured_now:
        table.look()
    return table.report(good_enough, monotonic() - start)


class Table:
    """A table as it comes to be, for kernels that are asked for with these frequencies, by networks drawn like this.

    missing: kernels that can be measured yet, the most frequent first.
    """

    def __init__(self, measurer: Measurer, frequencies: Mapping[Kernel, float], draw: Draw) -> None:
        self._measurer, self._frequencies, self._draw = measurer, frequencies, draw
        self._predictor = measurer.estimator.predictor
        unmeasured = self._predictor.unmeasured(frequencies)
        self._refused = refused_kernels(measurer.store, measurer.device, unmeasured)
        self.missing = {kernel: None for kernel in unmeasured if kernel not in self._refused}
        self._before = len(self._frequencies) - len(unmeasured)
        self._foretold: deque[Foretold] = deque(maxlen=RECENT)
        self.measured_now = self.measured_again = self._looked_at = 0
        self._survey: Survey | None = None
        self._order: Sequence[Kernel] = ()
        if self.missing:
            self.look()

    @property
    def _measured(self) -> int:
        return self._before + self.measured_now

    def look(self) -> None:
        """Survey the space with what is measured now, by other networks each time. Due when it has grown by GROWTH."""
        self._survey = survey(self._predictor, self._draw, Random(self._measured), self._refused)
        self._order = list(self._survey.gains()) if self._survey else []
        self._looked_at = self._measured

    def measure_batch(self) -> None:
        if self._measured >= GROWTH * self._looked_at:
            self.look()
        best = dict.fromkeys(kernel for kernel in self._order if kernel in self.missing)
        batch = list(best | self.missing)[: self._measurer.batch]
        shares = self._survey.shares if self._survey else {}
        foretold = {kernel: shares[kernel] for kernel in batch if kernel in best}
        self._measurer.measure_kernels(batch)
        refused = refused_kernels(self._measurer.store, self._measurer.device, batch)
        self._refused |= refused
        for kernel in batch:
            del self.missing[kernel]
        self.measured_now += len(batch) - len(refused)
        measured = self._predictor.latencies(foretold)
        self._foretold.extend(
            Foretold(kernel, share.interpolated_ms, share.interpolated_var_ms2, measured[kernel].measured_ms)
            for kernel, share in foretold.items()
            if kernel not in refused
        )

    def measure_suspects(self, budget_s: float) -> None:
        """Measure those again, each once, that have no steady session, the most frequent first."""
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
            held_out=self._held_out(),
            expected_error=self._expected_error(),
            good_enough=bool(self.missing) and self.is_good(good_enough),
        )

    def _held_out(self) -> HeldOut | None:
        return self._survey.held_out(self._foretold) if self._survey else None

    def _expected_error(self) -> float | None:
        """Of the last survey; of networks without refused kernels."""
        if not self.missing:
            return 0.0
        held_out = self._held_out()
        return self._survey.expected_error(held_out.caution if held_out else 1.0) if self._survey else None
