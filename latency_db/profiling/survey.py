"""A survey of a space: how uncertain estimates of its random networks are, and which unmeasured kernels cause that."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from latency_db.estimating.kernel_table import KernelLatency
from latency_db.estimating.predictor import Predictor
from latency_db.robust_statistics import Values
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels
from nas.space import SearchSpace

SURVEY_NETWORKS = 300
"""Random networks in a survey. Each survey draws others: for networks whose kernels were chosen, the uncertainty is
lower than for the rest."""


@dataclass(frozen=True, slots=True)
class HeldOutKernel:
    """A kernel whose latency was interpolated before it was measured."""

    kernel: Kernel
    predicted_ms: float
    variance_ms2: float
    measured_ms: float

    @property
    def error_ms(self) -> float:
        return self.predicted_ms - self.measured_ms


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Errors of the interpolation, on kernels that were interpolated before they were measured.

    median, p90: of the relative errors of kernels. network: median relative error of the sum of these kernels in a
    random network. variance_inflation: squared errors of the networks over those that the interpolation expects, at
    least 1.
    """

    kernels: int
    median: float
    p90: float
    network: float
    variance_inflation: float


@dataclass(frozen=True, slots=True)
class Survey:
    """n random networks as kernels with their counts, and the latencies [n] of the networks, uncalibrated.

    latencies: of all these kernels, measured or interpolated.
    """

    networks: Sequence[Mapping[Kernel, int]]
    ms: Values
    latencies: Mapping[Kernel, KernelLatency]

    def gains(self) -> dict[Kernel, float]:
        """For each unmeasured kernel, how much measuring it reduces the relative variance of the networks, descending.

        That is the mean over the networks of (count of the kernel)^2 * (variance of its latency) / (latency)^2.
        """
        gains: Counter[Kernel] = Counter()
        for network, ms in zip(self.networks, self.ms.tolist(), strict=True):
            for kernel, count in network.items():
                gains[kernel] += count**2 * _variance_ms2(self.latencies[kernel]) / ms**2 / len(self.networks)
        return {kernel: gain for kernel, gain in gains.most_common() if gain > 0}

    def expected_error(self, variance_inflation: float) -> float:
        """Relative standard deviation of a network's estimate by its interpolated kernels, mean over the networks."""
        variances = {kernel: _variance_ms2(latency) for kernel, latency in self.latencies.items()}
        return float(np.mean(np.sqrt(variance_inflation * self._sums(variances, squared=True)) / self.ms))

    def held_out(self, held_out: Collection[HeldOutKernel]) -> HeldOut | None:
        """Errors of the interpolation on these kernels; None if none of them was measured above 0 ms."""
        errors = [abs(each.error_ms) / each.measured_ms for each in held_out if each.measured_ms > 0]
        if not errors:
            return None
        error_ms = self._sums({each.kernel: each.error_ms for each in held_out})
        variance_ms2 = self._sums({each.kernel: each.variance_ms2 for each in held_out}, squared=True)
        measured_ms = self._sums({each.kernel: each.measured_ms for each in held_out})
        some = measured_ms > 0
        expected = float(np.sum(variance_ms2 / self.ms**2))
        return HeldOut(
            len(errors),
            float(np.median(errors)),
            float(np.quantile(errors, 0.9)),
            float(np.median(np.abs(error_ms[some]) / measured_ms[some])) if some.any() else 0.0,
            max(1.0, float(np.sum((error_ms / self.ms) ** 2)) / expected) if expected else 1.0,
        )

    def _sums(self, values: Mapping[Kernel, float], *, squared: bool = False) -> Values:
        """Values of the kernels times their counts, or their squared counts, summed by network: [n]."""
        power = 2 if squared else 1
        return np.array(
            [
                sum(count**power * values.get(kernel, 0.0) for kernel, count in network.items())
                for network in self.networks
            ]
        )


Draw = Callable[[Random], Network]
"""Draws a random network."""


def draw_from(space: SearchSpace) -> Draw:
    return lambda rng: space.sample(rng).architecture.expand()


def survey(predictor: Predictor, draw: Draw, rng: Random, refused: Collection[Kernel]) -> Survey | None:
    """A survey of random networks without refused kernels. None if too few kernels are measured to interpolate the
    others, or if no network is left.
    """
    networks = list(_networks(draw, rng, refused))
    parts = [list(network.elements()) for network in networks]
    wanted = list(dict.fromkeys(kernel for network in networks for kernel in network))
    if not wanted or predictor.resolve(wanted):
        return None
    ms = predictor.fixed_ms + predictor.sums(predictor.index(parts)).ms
    return Survey(networks, ms, predictor.latencies(wanted))


def kernels_to_measure(predictor: Predictor, network: Network, max_uncertainty: float) -> list[Kernel]:
    """The fewest unmeasured kernels of a network to measure, so that the standard deviation of its estimate by those
    that stay interpolated is at most max_uncertainty, a share of the estimate. The most uncertain kernels come first;
    all unmeasured ones if they cannot be interpolated.
    """
    counts = Counter(kernels(network))
    missing = predictor.unmeasured(counts)
    if not missing or predictor.resolve(missing):
        return missing
    (ms,) = predictor.sums(predictor.index([list(counts.elements())])).ms.tolist()
    latencies = predictor.latencies(missing)
    variances = {kernel: counts[kernel] ** 2 * _variance_ms2(latencies[kernel]) for kernel in missing}
    allowed, left = (max_uncertainty * (predictor.fixed_ms + ms)) ** 2, 0.0
    wanted = sorted(missing, key=lambda kernel: -variances[kernel])
    while wanted and left + variances[wanted[-1]] <= allowed:
        left += variances[wanted.pop()]
    return wanted


def _networks(draw: Draw, rng: Random, refused: Collection[Kernel]) -> Iterator[Counter[Kernel]]:
    for _ in range(SURVEY_NETWORKS):
        network = Counter(kernels(draw(rng)))
        if not any(kernel in refused for kernel in network):
            yield network


def _variance_ms2(latency: KernelLatency) -> float:
    """Variance of the interpolation; the standard deviation is at most the latency itself."""
    return min(latency.interpolated_var_ms2, latency.interpolated_ms**2)
