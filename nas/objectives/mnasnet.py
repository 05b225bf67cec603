"""Accuracy times a power of relative latency (MnasNet, arXiv:1807.11626, equations 2 and 3)."""

from dataclasses import dataclass
from math import pow as power
from math import prod
from typing import Annotated, Any

from nas.objective import NO_MAX, Limits, MaxSizes, Objective, Targets, objective
from nas.registry import described
from nas.trial import Metrics

EXPONENT: dict[str, Any] = {"ge": -10, "le": 0}

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

    target_size_bytes: Annotated[
        int | None,
        described(
            "the size of a file that the reward weighs against accuracy; none for latency alone",
            "where the download counts too",
            gt=0,
        ),
    ] = None
    size_alpha: Annotated[
        float,
        described("the exponent of size up to target_size_bytes", "0 to value no file smaller than that", **EXPONENT),
    ] = -0.07
    size_beta: Annotated[
        float, described("the exponent of size beyond target_size_bytes", "-1 to make it nearly a limit", **EXPONENT)
    ] = -0.07

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
    has the same winner. Only alpha != beta steers to T. The term of size is 1 without a target_size_bytes. Of several
    devices, each has a term of its own with its target, and ACC is multiplied by all: in logarithms, the average over
    devices, as in arXiv:2008.08178.
    """

    def __init__(
        self,
        *,
        target_latency_ms: Targets,
        alpha: Annotated[
            float,
            described(
                "the exponent of latency up to the target", "0 to value nothing faster than the target", **EXPONENT
            ),
        ] = -0.07,
        beta: Annotated[
            float,
            described(
                "the exponent of latency beyond the target; equal to alpha, the target has no influence",
                "-1 to make the target nearly a limit",
                **EXPONENT,
            ),
        ] = -0.07,
        size: SizeTerm = NO_SIZE,
        sizes: MaxSizes = NO_MAX,
        limits: Limits = None,
    ) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        self.alpha, self.beta, self.size = alpha, beta, size
        self.needs = ("accuracy", *self.targets)
        self.steers = alpha != beta

    @property
    def note(self) -> str | None:
        notes = [note for note in (None if self.steers else NOT_STEERING, self.size.note) if note]
        return " ".join(notes) or None

    def reward(self, metrics: Metrics) -> float:
        relative = [metrics[latency] / target_ms for latency, target_ms in self.targets.items()]
        terms = prod(_power(each, self.alpha, self.beta) for each in relative)
        return metrics["accuracy"] * terms * self.size.of(metrics)  # eq. 2


def _power(relative: float, alpha: float, beta: float) -> float:
    """relative to the power of alpha up to 1, of beta beyond it (eq. 3)."""
    return power(relative, alpha if relative <= 1 else beta)
