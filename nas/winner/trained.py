"""Networks that were trained once or several times, and what is believed of their accuracy.

Shapes: n networks.
"""

from dataclasses import dataclass

from nas.surrogates.kernel import Values
from nas.trial import Trial
from nas.winner.method import Method

ACCURACY = "accuracy"
"""The metric that every training shows, and that noise is in."""

LEAST_NOISE = 1e-6
"""The least standard deviation of a training's accuracy."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trial that succeeded, and its network's accuracies: that of the trial, then those of its repeats."""

    trial: Trial
    accuracies: tuple[float, ...]

    @property
    def average(self) -> float:
        return sum(self.accuracies) / len(self.accuracies)


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Posterior mean and standard deviation [n] of the accuracy that a network has on average over seeds.

    noise: standard deviation of one training's accuracy; None, as the deviations are NaN, where nothing is known of it.
    """

    method: Method
    mean: Values
    deviation: Values
    noise: float | None


@dataclass(frozen=True, slots=True)
class Noise:
    """Variance of one training's accuracy, estimated with so many degrees of freedom."""

    variance: float
    freedom: int
