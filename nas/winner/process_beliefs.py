"""What a Gaussian process believes of the accuracy of trained networks.

Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1. Apart from the other ways, as
scipy takes long to import, and few networks need no process.

Shapes: n networks, C input columns.
"""

from collections.abc import Sequence
from math import log, sqrt

import numpy as np

from nas.asking.codes import encode
from nas.asking.problem import Problem
from nas.surrogates.gaussian_process import NOISE, GaussianProcess, Observations, Prior, fit
from nas.surrogates.kernel import Indices, Values
from nas.surrogates.network_inputs import NetworkInputs
from nas.surrogates.selection import evenly, without_outliers
from nas.winner.method import Method
from nas.winner.trained import LEAST_NOISE, Beliefs, Noise, Trained

LATENCY = "latency"
"""How the names of latencies begin, which say little of an accuracy that sizes do not say."""

MOST = 600
"""Networks that it is made from: half of them the best, half an even choice of the others."""

FITTED = 160
"""Networks by which its hyperparameters are fitted."""


def process_beliefs(
    problem: Problem, trained: Sequence[Trained], values: Values, repeats: Values, noise: Noise | None
) -> Beliefs | None:
    """None where the networks do not differ in anything that is known of them.

    values: average accuracies [n] of so many trainings [n] each.
    """
    codes = encode(problem.space, [each.trial.candidate.choices for each in trained])
    columns = {name: known for name, known in problem.known(codes).items() if not name.startswith(LATENCY)}
    possible = np.all([np.isfinite(known) for known in columns.values()], axis=0) if columns else np.array(True)
    if not codes.shape[1] or not possible.all():
        return None
    inputs = NetworkInputs(problem.space.decisions(), codes, columns)
    seen = Observations(inputs(codes, columns), without_outliers(values, 1.0), repeats)
    kept = _kept(seen)
    some = seen.of(kept)
    prior = NOISE if noise is None else _prior(noise, float(np.std(some.values)) or 1.0)
    hyper = fit(inputs.layout, some.of(evenly(len(kept), FITTED)), noise=prior)
    process = GaussianProcess(inputs.layout, hyper, some)
    found = process.predict(seen.inputs)
    return Beliefs(Method.PROCESS, found.mean, found.deviation, process.noise_deviation)


def _prior(noise: Noise, unit: float) -> Prior:
    """Of the logarithm of the noise's share of unit squared: log s^2 has a variance of about 2 / freedom."""
    mean = log(max(noise.variance, LEAST_NOISE**2) / unit**2)
    return Prior(float(np.clip(mean, NOISE.low, NOISE.high)), sqrt(2 / noise.freedom), NOISE.low, NOISE.high)


def _kept(seen: Observations) -> Indices:
    """Places of at most MOST networks: repeated and best ones first."""
    count = len(seen.values)
    if count <= MOST:
        return np.arange(count)
    best = np.lexsort((-seen.values, -seen.repeats))[: MOST // 2]
    others = np.setdiff1d(np.arange(count), best)
    return np.sort(np.concatenate([best, others[evenly(len(others), MOST - len(best))]]))
