"""The table of a space: every kernel its networks can ask for, measured in the order in which it pays most."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from latency_db.estimate import Estimator, Progress
from latency_db.frequencies import kernel_frequencies
from latency_db.refused_kernels import refused_kernels
from nas.space import SearchSpace


@dataclass(frozen=True, slots=True)
class TableReport:
    """How far a table has come. coverage: share of the kernels in a random network that are measured.

    refused: the kernels that the device does not run, with the reasons.
    """

    kernels: int
    measured_before: int
    measured_now: int
    refused: Mapping[str, str]
    coverage: float
    elapsed_s: float

    @property
    def missing(self) -> int:
        """Kernels that can be measured yet."""
        return self.kernels - self.measured_before - self.measured_now - len(self.refused)


def build_table(
    estimator: Estimator, space: SearchSpace, *, budget_s: float, progress: Progress | None = None
) -> TableReport:
    """Measure the space's missing kernels, the most frequent first, until all are there or the time is over.

    Each batch is stored at once, so a later call goes on from there; a batch that has begun is finished. budget_s is of
    measuring; finding the kernels of a large space takes some seconds more. What the device does not run is reported,
    and not tried again.
    """
    frequencies = kernel_frequencies(space)
    unmeasured = estimator.unmeasured(frequencies)
    refused = refused_kernels(estimator.store, estimator.device, unmeasured)
    missing = [kernel for kernel in unmeasured if kernel not in refused]
    before, start = len(frequencies) - len(unmeasured), monotonic()

    def told(done: int, _: int) -> None:
        if progress:
            progress(before + done, len(frequencies))

    done = estimator.measure_kernels(missing, budget_s=budget_s, progress=told)
    refused_now = refused_kernels(estimator.store, estimator.device, missing[:done])
    refused |= refused_now
    left = sum(frequencies[kernel] for kernel in (*missing[done:], *refused))
    coverage = 1 - left / sum(frequencies.values())
    now, reasons = done - len(refused_now), {kernel.key: reason for kernel, reason in refused.items()}
    return TableReport(len(frequencies), before, now, reasons, coverage, monotonic() - start)
