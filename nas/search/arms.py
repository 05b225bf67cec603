"""Two arms of one search, a searcher and random draws at equal cost: what each has found, and by how much they differ.

Intervals of what trials show are percentile bootstraps over the trials of both arms (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, chapter 13). Shapes: n trials of an arm, b samples.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.trial import State, Trial

Values = NDArray[np.float64]

SAMPLES = 2000
SHARES = (0.025, 0.975)

EXPLANATION = (
    "Both arms have as many trials of the same space, device, evaluator and objective; a network that both propose is "
    "trained once and counts in each. Intervals (95 %) of hypervolume and reward are bootstraps over the trials of "
    "both arms: how much a difference depends on single trials, not on another seed of the searcher. Those of test "
    "accuracy follow from the number of test images."
)
"""What is compared, and what the intervals cover."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The trials of one arm that have succeeded, [n] each, in order."""

    latency_ms: Values
    accuracy: Values
    reward: Values

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> "Arm":
        done = [trial for trial in trials if trial.state is State.SUCCEEDED and trial.reward is not None]
        return cls(
            np.array([trial.metrics["latency_ms"] for trial in done], np.float64),
            np.array([trial.metrics["accuracy"] for trial in done], np.float64),
            np.array([trial.reward for trial in done], np.float64),
        )

    def __len__(self) -> int:
        return len(self.reward)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both arms; difference: the searcher's less that of the baseline, with its 95 % interval."""

    figure: str
    searcher: float
    baseline: float
    low: float | None
    high: float | None

    def describe(self) -> dict[str, Any]:
        values = {"figure": self.figure, "searcher": self.searcher, "baseline": self.baseline}
        return values | {"difference": self.searcher - self.baseline, "low": self.low, "high": self.high}


def differences(searcher: Arm, baseline: Arm, target_ms: float | None, seed: int) -> list[Difference]:
    """Of hypervolume and best reward; none where an arm has no trial. seed: of the bootstrap.

    The hypervolume is that of latency and accuracy, up to twice the target (the slowest trial without one) and down to
    an accuracy of 0, as a fraction of the whole.
    """
    if not len(searcher) or not len(baseline):
        return []
    slowest = float(max(searcher.latency_ms.max(), baseline.latency_ms.max()))
    end_ms = 2 * target_ms if target_ms else slowest
    figures: Mapping[str, Callable[[Arm, NDArray[np.bool_]], Values]] = {
        "hypervolume": lambda arm, present: _hypervolumes(arm, present, end_ms),
        "best reward": _best_rewards,
    }
    rng = np.random.default_rng(seed)
    samples = [_samples(len(arm), rng) for arm in (searcher, baseline)]
    found = []
    for name, values in figures.items():
        whole = [float(values(arm, np.ones((1, len(arm)), bool))[0]) for arm in (searcher, baseline)]
        drawn = values(searcher, samples[0]) - values(baseline, samples[1])
        low, high = (float(bound) for bound in np.quantile(drawn, SHARES))
        found.append(Difference(name, whole[0], whole[1], low, high))
    return found


def _samples(count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """[b, n]: which trials are in each of the samples, drawn with replacement: no figure counts a trial twice."""
    present = np.zeros((SAMPLES, count), bool)
    np.put_along_axis(present, rng.integers(count, size=(SAMPLES, count)), values=True, axis=1)
    return present


def _best_rewards(arm: Arm, present: NDArray[np.bool_]) -> Values:
    """[b] the best reward of those that are present [b, n]."""
    return np.asarray(np.where(present, arm.reward, -np.inf).max(axis=1))


def _hypervolumes(arm: Arm, present: NDArray[np.bool_], end_ms: float) -> Values:
    """[b] shares of the area that those present [b, n] dominate: the best accuracy so far by rising latency."""
    order = np.argsort(arm.latency_ms, kind="stable")
    latency = np.minimum(arm.latency_ms[order], end_ms)
    widths = np.diff(np.append(latency, end_ms))
    best = np.maximum.accumulate(np.where(present[:, order], arm.accuracy[order], 0.0), axis=1)
    return np.asarray(best @ widths / end_ms)
