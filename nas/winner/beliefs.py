"""What is believed of the accuracy of trained networks, after one or several noisy trainings of each.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1, where there are enough networks;
else the normal-normal posterior (Gelman et al., Bayesian Data Analysis, 3rd edition, section 5.4).

Shapes: n networks, C input columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from nas.asking.codes import encode
from nas.asking.problem import Problem
from nas.surrogates.gaussian_process import NOISE, GaussianProcess, Observations, Prior, fit
from nas.surrogates.kernel import Indices, Values
from nas.surrogates.network_inputs import NetworkInputs
from nas.surrogates.selection import evenly, without_outliers
from nas.trial import Trial
from nas.winner.method import Method

ACCURACY = "accuracy"
"""The metric that every training shows, and that noise is in."""

LATENCY = "latency"
"""How the names of latencies begin, which say little of an accuracy that sizes do not say."""

ENOUGH = 20
"""Networks from which a Gaussian process is fitted."""

MOST = 600
"""Networks that it is made from: half of them the best, half an even choice of the others."""

FITTED = 160
"""Networks by which its hyperparameters are fitted."""

LEAST_NOISE = 1e-6
"""The least standard deviation of a training's accuracy."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trial that succeeded, and its network's accuracies: that of the trial, then those of its repeats."""

    trial: Trial
    accuracies: tuple[float, ...]

    @property
    def average(self) -> float:
        return sum(self.accuracies) / len(self.accuracies)


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Posterior mean and standard deviation [n] of the accuracy that a network has on average over seeds.

    noise: standard deviation of one training's accuracy; None, as the deviations are NaN, where nothing is known of it.
    """

    method: Method
    mean: Values
    deviation: Values
    noise: float | None


def beliefs(problem: Problem, trained: Sequence[Trained]) -> Beliefs:
    """What is believed of networks. The noise is learned from repeats, and from what a smooth function cannot explain
    where there are enough networks.
    """
    values = np.array([each.average for each in trained], np.float64)
    repeats = np.array([len(each.accuracies) for each in trained], np.float64)
    noise = _noise(trained)
    if len(trained) >= ENOUGH and np.ptp(values) > LEAST_NOISE:
        found = _of_process(problem, trained, Observations(np.zeros((len(values), 0)), values, repeats), noise)
        if found is not None:
            return found
    if noise is None:
        return Beliefs(Method.OBSERVED, values, np.full(len(values), np.nan), None)
    return _shrunken(values, repeats, noise)


@dataclass(frozen=True, slots=True)
class _Noise:
    """Variance of one training's accuracy, estimated with so many degrees of freedom."""

    variance: float
    freedom: int

    def prior(self, unit: float) -> Prior:
        """Of the logarithm of its share of unit squared: log s^2 has a variance of about 2 / freedom."""
        mean = log(max(self.variance, LEAST_NOISE**2) / unit**2)
        return Prior(float(np.clip(mean, NOISE.low, NOISE.high)), sqrt(2 / self.freedom), NOISE.low, NOISE.high)


def _noise(trained: Sequence[Trained]) -> _Noise | None:
    """Pooled over the networks that were trained several times; None if none was."""
    repeated = [each.accuracies for each in trained if len(each.accuracies) > 1]
    freedom = sum(len(accuracies) - 1 for accuracies in repeated)
    if not freedom:
        return None
    squares = sum(float(np.sum((np.array(each) - np.mean(each)) ** 2)) for each in repeated)
    return _Noise(squares / freedom, freedom)


def _of_process(
    problem: Problem, trained: Sequence[Trained], seen: Observations, noise: _Noise | None
) -> Beliefs | None:
    """None where the networks do not differ in anything that is known of them."""
    codes = encode(problem.space, [each.trial.candidate.choices for each in trained])
    columns = {name: known for name, known in problem.known(codes).items() if not name.startswith(LATENCY)}
    possible = np.all([np.isfinite(known) for known in columns.values()], axis=0) if columns else np.array(True)
    if not codes.shape[1] or not possible.all():
        return None
    inputs = NetworkInputs(problem.space.decisions(), codes, columns)
    values = without_outliers(seen.values, 1.0)
    seen = Observations(inputs(codes, columns), values, seen.repeats)
    kept = _kept(seen)
    some = seen.of(kept)
    prior = NOISE if noise is None else noise.prior(float(np.std(some.values)) or 1.0)
    hyper = fit(inputs.layout, some.of(evenly(len(kept), FITTED)), noise=prior)
    process = GaussianProcess(inputs.layout, hyper, some)
    found = process.predict(seen.inputs)
    return Beliefs(Method.PROCESS, found.mean, found.deviation, process.noise_deviation)


def _kept(seen: Observations) -> Indices:
    """Places of at most MOST networks: repeated and best ones first."""
    count = len(seen.values)
    if count <= MOST:
        return np.arange(count)
    best = np.lexsort((-seen.values, -seen.repeats))[: MOST // 2]
    others = np.setdiff1d(np.arange(count), best)
    return np.sort(np.concatenate([best, others[evenly(len(others), MOST - len(best))]]))


def _shrunken(values: Values, repeats: Values, noise: _Noise) -> Beliefs:
    """Averages y of n trainings, drawn to their common mean m: (y n/s^2 + m/t^2) / (n/s^2 + 1/t^2)."""
    spread = float(np.var(values, ddof=1)) if len(values) > 1 else 0.0
    between = max(spread - noise.variance * float(np.mean(1 / repeats)), LEAST_NOISE**2)  # t^2, by moments
    precision = repeats / max(noise.variance, LEAST_NOISE**2)
    common = float(np.average(values, weights=1 / (between + 1 / precision)))
    mean = (precision * values + common / between) / (precision + 1 / between)
    return Beliefs(Method.SHRUNKEN, mean, 1 / np.sqrt(precision + 1 / between), sqrt(noise.variance))
