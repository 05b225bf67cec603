"""Objectives: one number from what was measured, and the limits that a network must keep."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from nas.registry import Registry
from nas.trial import Metrics

PositiveMs = Annotated[float, Field(ge=1e-6, le=1e6)]
"""From a nanosecond to a quarter of an hour: with the exponents' bounds, every reward is a finite number."""
Limit = Annotated[int, Field(gt=0)] | None


class Objective(ABC):
    """What a search maximises.

    limits maps a metric that is known before training (params, macs, size_bytes, latency_ms) to the most it may be. A
    candidate over a limit is not trained: its trial is infeasible and its reward is -violation.

    steers says whether the target has any say in which candidate wins; where it has none, reports must say so.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    """Names of the metrics that reward reads."""

    def __init__(
        self,
        *,
        target_latency_ms: PositiveMs,
        max_params: Limit = None,
        max_macs: Limit = None,
        max_size_bytes: Limit = None,
    ) -> None:
        self.target_latency_ms = target_latency_ms
        self.steers = True
        given = {"params": max_params, "macs": max_macs, "size_bytes": max_size_bytes}
        self.limits: dict[str, float] = {metric: limit for metric, limit in given.items() if limit is not None}

    @abstractmethod
    def reward(self, metrics: Metrics) -> float:
        """Higher is better; metrics holds at least those in needs."""

    def violation(self, metrics: Metrics) -> float:
        """How far metrics are over the limits: the sum of relative excesses, 0 when all hold."""
        return sum((max(0.0, metrics[metric] / limit - 1) for metric, limit in self.limits.items()), start=0.0)


objective: Registry[Objective] = Registry("objective", "nas.objectives")
