"""Accuracy times a power of relative latency (MnasNet, arXiv:1807.11626, equations 2 and 3)."""

from dataclasses import dataclass
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
SIZE_NOT_STEERING = (
    "The target size is a constant factor, as size_alpha = size_beta: every target has the same winner. Set size_beta "
    "below size_alpha, or max_size_bytes, to steer to it."
)


@dataclass(frozen=True, slots=True)
class SizeTerm:
    """(SIZE / S)^v with v = size_alpha up to the target S and v = size_beta beyond it; 1 without a target."""

    target_size_bytes: Annotated[int, Field(gt=0)] | None = None
    size_alpha: Exponent = -0.07
    size_beta: Exponent = -0.07

    def of(self, metrics: Metrics) -> float:
        if self.target_size_bytes is None:
            return 1.0
        return _power(metrics["size_bytes"] / self.target_size_bytes, self.size_alpha, self.size_beta)

    @property
    def note(self) -> str | None:
        return SIZE_NOT_STEERING if self.target_size_bytes and self.size_alpha == self.size_beta else None


NO_SIZE = SizeTerm()


@objective("mnasnet")
class MnasNetReward(Objective):
    """ACC * (LAT / T)^w * (SIZE / S)^v with w = alpha up to the target T and w = beta beyond it, and v likewise.

    The paper's soft setting is alpha = beta = -0.07 (doubling the latency must buy 5 % of accuracy), its hard setting
    alpha = 0, beta = -1. With alpha = beta the reward is T^-w * ACC * LAT^w: T is a constant factor, so every target
    has the same winner. Only alpha != beta steers to T. The term of size is 1 without a target_size_bytes.
    """

    needs: ClassVar[tuple[str, ...]] = ("accuracy", "latency_ms")

    def __init__(
        self,
        *,
        target_latency_ms: PositiveMs,
        alpha: Exponent = -0.07,
        beta: Exponent = -0.07,
        size: SizeTerm = NO_SIZE,
        sizes: MaxSizes = NO_MAX,
        limits: Limits = None,
    ) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        self.alpha, self.beta, self.size = alpha, beta, size
        self.steers = alpha != beta

    @property
    def note(self) -> str | None:
        notes = [note for note in (None if self.steers else NOT_STEERING, self.size.note) if note]
        return " ".join(notes) or None

    def reward(self, metrics: Metrics) -> float:
        latency = _power(metrics["latency_ms"] / self.target_latency_ms, self.alpha, self.beta)
        return metrics["accuracy"] * latency * self.size.of(metrics)  # eq. 2


def _power(relative: float, alpha: float, beta: float) -> float:
    """relative to the power of alpha up to 1, of beta beyond it (eq. 3)."""
    return power(relative, alpha if relative <= 1 else beta)
