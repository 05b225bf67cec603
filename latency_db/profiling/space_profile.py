"""Profile of a space before any search: the spread of costs and latencies of its random networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from latency_db.profiling.measurer import Measurer, Progress
from nas.decision import uniform
from nas.ops import Network
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.space import SearchSpace


@dataclass(frozen=True, slots=True)
class Spread:
    """Smallest value, median and largest value."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(min(values), median(values), max(values))


@dataclass(frozen=True, slots=True)
class SpaceProfile:
    """Spreads of the costs of `networks`, the share valid_share of `count` random samples that can be built."""

    size: int
    count: int
    valid_share: float
    networks: tuple[Network, ...]
    params: Spread
    macs: Spread
    peak_memory_bytes: Spread


@dataclass(frozen=True, slots=True)
class LatencyProfile:
    """Latencies of the networks whose kernels are all measured. measured_now: kernels that were measured for it."""

    networks: int
    measured_now: int
    latency_ms: Spread


def profile_space(space: SearchSpace, count: int, seed: int) -> SpaceProfile:
    """Profile of `count` random answers to all decisions. InfeasibleError, with a reason, if none can be built."""
    choose = uniform(Random(seed))
    sampled = [space.walk(choose).architecture for _ in range(count)]
    refusals = [architecture.refusal() for architecture in sampled]
    valid = [a.expand() for a, refusal in zip(sampled, refusals, strict=True) if refusal is None]
    if not valid:
        raise space.infeasible([refusal for refusal in refusals if refusal is not None])
    costs = [network_cost(network) for network in valid]
    return SpaceProfile(
        space.size(),
        count,
        len(valid) / count,
        tuple(valid),
        Spread.of([cost.params for cost in costs]),
        Spread.of([cost.macs for cost in costs]),
        Spread.of([cost.peak_memory_bytes for cost in costs]),
    )


def profile_latency(
    measurer: Measurer, networks: Sequence[Network], *, budget_s: float, progress: Progress | None = None
) -> LatencyProfile:
    """Latencies of the networks whose kernels are measured, or can be within budget_s.

    NotMeasuredError if there is no such network.
    """
    estimator = measurer.estimator
    missing = estimator.unmeasured(kernel for network in networks for kernel in kernels(network))
    now = measurer.measure_kernels(missing, budget_s=budget_s, progress=progress) if measurer.can_measure else 0
    absent = set(missing[now:])
    known = [network for network in networks if absent.isdisjoint(kernels(network))]
    latencies = [estimator.estimate(network).ms for network in known or networks[:1]]
    return LatencyProfile(len(latencies), now, Spread.of(latencies))
