"""What is believed of the accuracy of trained networks, after one or several noisy trainings of each.

A Gaussian process' where there are enough networks; else the normal-normal posterior (Gelman et al., Bayesian Data
Analysis, 3rd edition, section 5.4).

Shapes: n networks.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from nas.asking.problem import Problem
from nas.surrogates.kernel import Values
from nas.winner.method import Method
from nas.winner.trained import LEAST_NOISE, Beliefs, Noise, Trained

ENOUGH = 20
"""Networks from which a Gaussian process is fitted."""


def beliefs(problem: Problem, trained: Sequence[Trained]) -> Beliefs:
    """What is believed of networks. The noise is learned from repeats, and from what a smooth function cannot explain
    where there are enough networks.
    """
    values = np.array([each.average for each in trained], np.float64)
    repeats = np.array([len(each.accuracies) for each in trained], np.float64)
    noise = _noise(trained)
    if len(trained) >= ENOUGH and np.ptp(values) > LEAST_NOISE:
        from nas.winner.process_beliefs import process_beliefs  # noqa: PLC0415 - scipy takes long to import

        found = process_beliefs(problem, trained, values, repeats, noise)
        if found is not None:
            return found
    if noise is None:
        return Beliefs(Method.OBSERVED, values, np.full(len(values), np.nan), None)
    return _shrunken(values, repeats, noise)


def _noise(trained: Sequence[Trained]) -> Noise | None:
    """Pooled over the networks that were trained several times; None if none was."""
    repeated = [each.accuracies for each in trained if len(each.accuracies) > 1]
    freedom = sum(len(accuracies) - 1 for accuracies in repeated)
    if not freedom:
        return None
    squares = sum(float(np.sum((np.array(each) - np.mean(each)) ** 2)) for each in repeated)
    return Noise(squares / freedom, freedom)


def _shrunken(values: Values, repeats: Values, noise: Noise) -> Beliefs:
    """Averages y of n trainings, drawn to their common mean m: (y n/s^2 + m/t^2) / (n/s^2 + 1/t^2)."""
    spread = float(np.var(values, ddof=1)) if len(values) > 1 else 0.0
    between = max(spread - noise.variance * float(np.mean(1 / repeats)), LEAST_NOISE**2)  # t^2, by moments
    precision = repeats / max(noise.variance, LEAST_NOISE**2)
    common = float(np.average(values, weights=1 / (between + 1 / precision)))
    mean = (precision * values + common / between) / (precision + 1 / between)
    return Beliefs(Method.SHRUNKEN, mean, 1 / np.sqrt(precision + 1 / between), sqrt(noise.variance))
