"""The best accuracy under a latency: the target is a limit, which is what most people mean by a budget."""

from typing import Annotated

from nas.errors import NotMeasuredError
from nas.metric import AT
from nas.objective import NO_MAX, Goal, Limits, MaxSizes, Objective, Targets, objective
from nas.pareto import Better
from nas.registry import described
from nas.trial import Metrics


@objective("constrained")
class Constrained(Objective):
    """ACC subject to LAT <= T: a candidate over the target is not trained.

    Its reward is minus its relative excess, below that of every feasible candidate, so searchers are led back.
    Of several devices, the latency on each keeps the target of that device. confident: what must keep the target is the
    upper end of the estimate's 90 % interval, not the estimate.
    """

    needs = ("accuracy",)

    def __init__(
        self,
        *,
        target_latency_ms: Targets,
        sizes: MaxSizes = NO_MAX,
        confident: Annotated[
            bool,
            described(
                "the upper end of the latency's 90 % interval has to keep the target, not the estimate",
                "where a network that turns out too slow is worse than one that is less accurate",
            ),
        ] = False,
        limits: Limits = None,
    ) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        for latency, target_ms in self.targets.items():
            _, at, device = latency.partition(AT)
            self.limit(f"latency_high_ms{at}{device}" if confident else latency, target_ms)

    @property
    def goals(self) -> tuple[Goal, ...]:
        return (Goal("accuracy", Better.HIGHER),)

    def violation(self, metrics: Metrics) -> float:
        if not self.limits.keys() <= metrics.keys():
            raise NotMeasuredError(
                "a latency has no interval, as it was measured in a single round: measure the network again, or leave "
                "out the objective's `confident`"
            )
        return super().violation(metrics)

    def reward(self, metrics: Metrics) -> float:
        return metrics["accuracy"]
