"""Accuracy times a power of relative latency (MnasNet, arXiv:1807.11626, equations 2 and 3)."""

from math import pow as power
from typing import Annotated, ClassVar

from pydantic import Field

from nas.objective import NO_MAX, Limits, MaxSizes, Objective, PositiveMs, objective
from nas.trial import Metrics

Exponent = Annotated[float, Field(ge=-10, le=0)]

NOT_STEERING = (
    "The target latency is a constant factor of this reward, as alpha = beta: every target has the same winner. "
    "Set beta below alpha, or use the objective `constrained` or `tunas`, to steer to the target."
)


@objective("mnasnet")
class MnasNetReward(Objective):
    """ACC * (LAT / T)^w with w = alpha up to the target T and w = beta beyond it.

    The paper's soft setting is alpha = beta = -0.07 (doubling the latency must buy 5 % of accuracy), its hard setting
    alpha = 0, beta = -1. With alpha = beta the reward is T^-w * ACC * LAT^w: T is a constant factor, so every target
    has the same winner. Only alpha != beta steers to T.
    """

    needs: ClassVar[tuple[str, ...]] = ("accuracy", "latency_ms")

    def __init__(
        self,
        *,
        target_latency_ms: PositiveMs,
        alpha: Exponent = -0.07,
        beta: Exponent = -0.07,
        sizes: MaxSizes = NO_MAX,
        limits: Limits = None,
    ) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        self.alpha, self.beta = alpha, beta
        self.steers = alpha != beta

    @property
    def note(self) -> str | None:
        return None if self.steers else NOT_STEERING

    def reward(self, metrics: Metrics) -> float:
        relative = metrics["latency_ms"] / self.target_latency_ms
        w = self.alpha if relative <= 1 else self.beta  # eq. 3
        return metrics["accuracy"] * power(relative, w)  # eq. 2
