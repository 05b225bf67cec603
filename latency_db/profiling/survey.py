"""A survey of a space: how unsure the estimates of random networks are, and which kernels make them so."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from latency_db.estimating.kernel_table import KernelLatency
from latency_db.estimating.predictor import Predictor
from nas.ops import Network
from nas.ops.kernels import Kernel, kernels
from nas.space import SearchSpace

Values = NDArray[np.float64]

NETWORKS = 300
"""Random networks that are looked at, others each time: those whose kernels were measured would look too sure."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """A kernel that was interpolated before it was measured."""

    kernel: Kernel
    ms: float
    variance: float
    measured_ms: float

    @property
    def error_ms(self) -> float:
        return self.ms - self.measured_ms


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How good interpolation is, by the kernels that were foretold last and measured then.

    median, p90: of their relative errors. network: median relative error of what those of them in a random network add
    up to. caution: how many times larger the squared errors of networks are than interpolation expects, at least 1.
    """

    kernels: int
    median: float
    p90: float
    network: float
    caution: float


@dataclass(frozen=True, slots=True)
class Survey:
    """Random networks as kernels with their counts, and what their kernels add up to, with a run's fixed cost.

    shares: of all these kernels, measured or interpolated.
    """

    networks: Sequence[Mapping[Kernel, int]]
    ms: Values
    shares: Mapping[Kernel, KernelLatency]

    def gains(self) -> dict[Kernel, float]:
        """How much surer the networks are with the kernel measured, descending: mean squared relative error.

        That is its frequency times the variance of its time, in networks of unit size. Without those that are measured.
        """
        gains: Counter[Kernel] = Counter()
        for network, ms in zip(self.networks, self.ms.tolist(), strict=True):
            for kernel, count in network.items():
                gains[kernel] += count**2 * _variance(self.shares[kernel]) / ms**2 / len(self.networks)
        return {kernel: gain for kernel, gain in gains.most_common() if gain > 0}

    def expected_error(self, caution: float) -> float:
        """Standard deviation of a random network's estimate, as a share of it, by the kernels that lack; the mean."""
        variances = {kernel: _variance(share) for kernel, share in self.shares.items()}
        return float(np.mean(np.sqrt(caution * self._sums(variances, squared=True)) / self.ms))

    def held_out(self, foretold: Collection[Foretold]) -> HeldOut | None:
        """None without any; those that were measured as nothing have no relative error."""
        errors = [abs(kernel.error_ms) / kernel.measured_ms for kernel in foretold if kernel.measured_ms > 0]
        if not errors:
            return None
        off = self._sums({each.kernel: each.error_ms for each in foretold})
        variance = self._sums({each.kernel: each.variance for each in foretold}, squared=True)
        measured = self._sums({each.kernel: each.measured_ms for each in foretold})
        some = measured > 0
        expected = float(np.sum(variance / self.ms**2))
        return HeldOut(
            len(errors),
            float(np.median(errors)),
            float(np.quantile(errors, 0.9)),
            float(np.median(np.abs(off[some]) / measured[some])) if some.any() else 0.0,
            max(1.0, float(np.sum((off / self.ms) ** 2)) / expected) if expected else 1.0,
        )

    def _sums(self, values: Mapping[Kernel, float], *, squared: bool = False) -> Values:
        """Of each network: its kernels' values times their counts, or times the squared counts."""
        power = 2 if squared else 1
        return np.array(
            [
                sum(count**power * values.get(kernel, 0.0) for kernel, count in network.items())
                for network in self.networks
            ]
        )


Draw = Callable[[Random], Network]
"""A random network."""


def drawing(space: SearchSpace) -> Draw:
    return lambda rng: space.sample(rng).architecture.expand()


def survey(predictor: Predictor, draw: Draw, rng: Random, refused: Collection[Kernel]) -> Survey | None:
    """Of networks without refused kernels. None if too little is measured to interpolate, or if none are left."""
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
    shares = predictor.latencies(missing)
    variances = {kernel: counts[kernel] ** 2 * _variance(shares[kernel]) for kernel in missing}
    allowed, left = (max_uncertainty * (predictor.fixed_ms + ms)) ** 2, 0.0
    wanted = sorted(missing, key=lambda kernel: -variances[kernel])
    while wanted and left + variances[wanted[-1]] <= allowed:
        left += variances[wanted.pop()]
    return wanted


def _networks(draw: Draw, rng: Random, refused: Collection[Kernel]) -> Iterator[Counter[Kernel]]:
    for _ in range(NETWORKS):
        network = Counter(kernels(draw(rng)))
        if not any(kernel in refused for kernel in network):
            yield network


def _variance(share: KernelLatency) -> float:
    """Interpolation that knows next to nothing is not off by more than the whole."""
    return min(share.interpolated_var_ms2, share.interpolated_ms**2)
