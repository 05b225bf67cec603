"""Accuracy less the relative distance to the target latency: the absolute reward (TuNAS, arXiv:2008.06120)."""

from typing import Annotated

from nas.objective import NO_MAX, Limits, MaxSizes, Objective, Targets, objective
from nas.registry import described
from nas.trial import Metrics


@objective("tunas")
class AbsoluteReward(Objective):
    """ACC + beta * |LAT / T - 1| with beta < 0.

    Too fast costs as much as too slow, so a search ends near T for any beta of sensible size. The default is that of
    the search its authors published. Of several devices, the distance on each is subtracted.
    """

    def __init__(
        self,
        *,
        target_latency_ms: Targets,
        beta: Annotated[
            float,
            described(
                "the accuracy that a latency off the target by its own size costs, as a negative number",
                "further from 0 if results end off the target",
                ge=-1000,
                lt=0,
            ),
        ] = -0.1,
        sizes: MaxSizes = NO_MAX,
        limits: Limits = None,
    ) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        self.beta = beta
        self.needs = ("accuracy", *self.targets)

    def reward(self, metrics: Metrics) -> float:
        distances = (abs(metrics[latency] / target_ms - 1) for latency, target_ms in self.targets.items())
        return metrics["accuracy"] + self.beta * sum(distances)
