"""How good the trained networks of a search are: normalised hypervolume, and regret at a latency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.pareto import Better, hypervolume
from nas.tabular.file import Reference, Target

BUDGETS = (25, 50, 100, 200)
"""Numbers of trainings after which searches are compared."""

POINTS = 100
"""Accuracy points in the fraction 1."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The constants of a problem file; accuracies are in percent there."""

    reference: Reference
    front_hypervolume: float
    targets: Mapping[str, Target]

    def hypervolume(self, accuracy: Iterable[float], latency_ms: Iterable[float]) -> float:
        """The area that these true accuracies (fractions) and latencies [n] dominate, as a share of the best known
        front's.
        """
        points = [(POINTS * float(a), float(ms)) for a, ms in zip(accuracy, latency_ms, strict=True)]
        corner = (self.reference.accuracy, self.reference.latency)
        return hypervolume(points, corner, (Better.HIGHER, Better.LOWER)) / self.front_hypervolume

    def regret(
        self,
        target: str,
        *,
        observed: NDArray[np.float64],
        accuracy: NDArray[np.float64],
        latency_ms: NDArray[np.float64],
    ) -> float:
        """Accuracy points that are lost at a target by the choice of the best observed network within it.

        [n] each, in the order of training: of equals the first is chosen. Without a network within the target, the
        loss is that of the reference point.
        """
        best, within = self.targets[target].best_accuracy, np.flatnonzero(latency_ms <= self.targets[target].latency)
        if not len(within):
            return best - self.reference.accuracy
        return best - POINTS * float(accuracy[within[np.argmax(observed[within])]])
