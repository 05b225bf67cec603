"""Scores of estimates against measured latencies. Arrays are milliseconds [networks]."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latency_db.estimating.calibration import Predictions
from latency_db.robust_statistics import Values, spearman

HEADS = ("estimate", "mean error", "bias", "Spearman", "within 5 %", "within 10 %", "coverage", "median width")
MISSING = "-"


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one kind of estimate, named `estimate`. mean_error, bias: mean absolute and mean signed relative error.
    within_5, within_10: shares of networks with an error up to 5 and 10 %.

    spearman: None for a constant. coverage: share of the measured latencies inside their intervals. width: median
    relative width of the intervals. Both are None without intervals.
    """

    estimate: str
    mean_error: float
    bias: float
    spearman: float | None
    within_5: float
    within_10: float
    coverage: float | None = None
    width: float | None = None

    @classmethod
    def of(cls, estimate: str, predicted_ms: Values, truth_ms: Values) -> "Score":
        error = predicted_ms / truth_ms - 1
        off = np.abs(error)
        rank = spearman(predicted_ms, truth_ms) if np.ptp(predicted_ms) else None
        return cls(
            estimate,
            float(off.mean()),
            float(error.mean()),
            rank,
            float(np.mean(off <= 0.05)),  # noqa: PLR2004 - as its name says
            float(np.mean(off <= 0.10)),  # noqa: PLR2004 - as its name says
        )

    @classmethod
    def of_predictions(cls, estimate: str, found: Predictions, truth_ms: Values) -> "Score":
        """The same, with coverage and width of the predictions' intervals."""
        inside = (found.low_ms <= truth_ms) & (truth_ms <= found.high_ms)
        width = float(np.median((found.high_ms - found.low_ms) / found.ms))
        return replace(cls.of(estimate, found.ms, truth_ms), coverage=float(inside.mean()), width=width)

    def cells(self) -> tuple[str, ...]:
        """Text of the columns HEADS."""
        return (
            self.estimate,
            f"{self.mean_error:.1%}",
            f"{self.bias:+.1%}",
            MISSING if self.spearman is None else f"{self.spearman:.4f}",
            f"{self.within_5:.1%}",
            f"{self.within_10:.1%}",
            MISSING if self.coverage is None else f"{self.coverage:.1%}",
            MISSING if self.width is None else f"{self.width:.1%}",
        )


def table(scores: Iterable[Score]) -> str:
    """A table in Markdown, one row a score."""
    rows = [HEADS, ("---",) * len(HEADS), *(score.cells() for score in scores)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def baselines(macs: Sequence[int], truth_ms: Values) -> list[Score]:
    """Scores without measured kernels: a line through the multiply-adds and the median, both fitted to these very
    networks.
    """
    x = np.asarray(macs, np.float64)
    line = np.column_stack([np.ones_like(x), x])
    fitted = np.asarray(line @ np.linalg.lstsq(line, truth_ms)[0], np.float64)
    return [
        Score.of("line through multiply-adds (fitted here)", fitted, truth_ms),
        Score.of("median (fitted here)", np.full_like(truth_ms, np.median(truth_ms)), truth_ms),
    ]
