"""What is known of candidates without training, and how they stand to the objective's limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.acquisition.improvement import probability_within
from nas.asking.codes import Codes
from nas.metric import AT
from nas.objective import Objective
from nas.surrogates.kernel import Values
from nas.trial import Columns

LATENCY, LOW, HIGH = "latency_ms", "latency_low_ms", "latency_high_ms"


@dataclass(frozen=True, slots=True)
class Networks:
    """Candidates [n, decisions] and what is known of them, [n] by name."""

    codes: Codes
    columns: Columns

    def of(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Networks":
        return Networks(self.codes[rows], {name: values[rows] for name, values in self.columns.items()})

    def and_(self, other: "Networks") -> "Networks":
        columns = {name: np.concatenate([values, other.columns[name]]) for name, values in self.columns.items()}
        return Networks(np.concatenate([self.codes, other.codes]), columns)

    def is_possible(self) -> NDArray[np.bool_]:
        """[n]: what can be built and the device runs: all is known of it, but perhaps the interval of its latency."""
        needed = [values for name, values in self.columns.items() if name.partition(AT)[0] not in {LOW, HIGH}]
        return np.asarray(np.isfinite(np.stack(needed)).all(axis=0) if needed else np.ones(len(self.codes), bool))

    def possible(self) -> "Networks":
        return self.of(self.is_possible())


def excess(objective: Objective, columns: Columns, count: int) -> Values:
    """[count] sums of what is over the objective's limits, 0 where all hold, infinite where one is not known."""
    margins = objective.margins(columns).values()
    total = sum((np.maximum(margin, 0.0) for margin in margins), start=np.zeros(count))
    return np.where(np.isnan(total), np.inf, total)


def probability(objective: Objective, columns: Columns) -> Values | float:
    """[n] probabilities that latencies, when they are measured, keep their limit as their estimates do."""
    found: Values | float = 1.0
    for latency in objective.targets:
        _, at, device = latency.partition(AT)
        limit, low, high = objective.limits.get(latency), f"{LOW}{at}{device}", f"{HIGH}{at}{device}"
        if limit is not None and {latency, low, high} <= columns.keys():
            found = found * probability_within(limit, columns[low], columns[latency], columns[high])
    return found
