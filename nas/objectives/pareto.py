"""The front of accuracy and latency: every trade-off counts, and none is the target."""

from typing import ClassVar

from nas.objective import NO_MAX, Goal, Limits, MaxSizes, Objective, PositiveMs, objective
from nas.pareto import Better
from nas.trial import Metrics


@objective("pareto")
class Pareto(Objective):
    """Networks that no other beats in both ACC and LAT, within the limits.

    Searchers that know a single number see the accuracy. The target has no part in it; a limit on latency_ms bounds the
    front.
    """

    needs: ClassVar[tuple[str, ...]] = ("accuracy", "latency_ms")

    def __init__(self, *, target_latency_ms: PositiveMs, sizes: MaxSizes = NO_MAX, limits: Limits = None) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        self.steers = False

    @property
    def goals(self) -> tuple[Goal, ...]:
        return (Goal("accuracy", Better.HIGHER), Goal("latency_ms", Better.LOWER))

    @property
    def note(self) -> str:
        return (
            "The search looks for the whole front of accuracy and latency: take the network that suits you from it. "
            "Use the objective `constrained` to spend all trials on one latency."
        )

    def reward(self, metrics: Metrics) -> float:
        return metrics["accuracy"]
