"""One evaluation of one candidate, and what was measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from nas.space import Candidate

if TYPE_CHECKING:  # the ledger, which knows trials, opens without numpy
    import numpy as np
    from numpy.typing import NDArray

Metrics = Mapping[str, float]
"""Numbers by the names of nas.metrics, units in the names, and what a latency estimate says of itself."""

Columns = Mapping[str, "NDArray[np.float64]"]
"""The metrics of n candidates: [n] values by the name of a metric."""

Report = Callable[[int, Metrics], None]
"""Called after each epoch of a training with its number, from 1, and the metrics so far."""

REFUSED_KERNELS = "refused_kernels"
"""The metric of a network that the device does not run: how many of its kernels the device refuses. Other networks do
not have it.
"""


class State(StrEnum):
    """How a trial stands.

    infeasible: refused before training, because a limit of the objective does not hold or the device does not run it;
    told to the searcher. pruned: its training was stopped early by a pruner, and may go on later.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PRUNED = "pruned"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """number: place in the search, from 0. reward: higher is better; None if failed. reason: why it did not succeed.

    reused: no training was needed, as the same network had been trained before. rungs: the metrics at each number of
    epochs after which a pruner looked at its training; metrics and reward of a pruned trial are those of the last.
    """

    number: int
    candidate: Candidate
    state: State = State.RUNNING
    metrics: Metrics = field(default_factory=dict)
    reward: float | None = None
    reason: str | None = None
    reused: bool = False
    rungs: Mapping[int, Metrics] = field(default_factory=dict)

    @property
    def rung(self) -> int:
        """The last of its rungs, in epochs; 0 for none."""
        return max(self.rungs, default=0)


def unheard(epoch: int, metrics: Metrics) -> None:
    """A Report that nobody listens to."""
