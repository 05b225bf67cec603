"""Learning curves of the networks of a problem file. They are made up: a file tells only where a training ends.

A network's accuracy rises as a power law of the epochs (as the errors of trainings do, arXiv:1712.00409), from further
below for some networks than for others, so that early accuracies rank networks worse than late ones.
"""

import numpy as np
from numpy.typing import NDArray

from nas.asking.codes import Codes, random_codes
from nas.tabular.problem import TabularProblem
from nas.tabular.scores import POINTS

POWER = 0.7
"""Of the power law."""

DROP = 0.4
"""How far the accuracy after one epoch is below that at the end, on average, as a share of the median accuracy."""

SPREAD = 1.0
"""Standard deviation of that over networks, in standard deviations of the accuracies of the space: 1 would leave a
correlation of 0.71 between the two if accuracies were normal."""

QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations: a few networks that learn nothing would
make a standard deviation large."""

EARLY_NOISE = 2.0
"""The noise of observations after one epoch, beside that at the end, is larger by this many times."""

SAMPLES = 1000


class Curves:
    """The accuracies of a problem's networks in trainings of so many epochs in all.

    After e of E epochs, accuracy(e) = accuracy(E) - d s(e) with s(e) = ((E / e)^0.7 - 1) / (E^0.7 - 1), which falls
    from 1 to 0; d = 0.4 m + z u, with the median m of the accuracies in the space, the distance 1.349 u of their
    quartiles, and z drawn for each network from a standard normal distribution: another seed of a search has the same
    curves, with other noise. The noise is that of the file times 1 + 2 s(e), drawn for each network, seed and e.
    """

    def __init__(self, problem: TabularProblem, epochs: int) -> None:
        self._problem, self._epochs = problem, epochs
        sample = random_codes(problem.space, SAMPLES, np.random.default_rng(0))
        low, middle, high = np.quantile(problem.accuracy(sample), [0.25, 0.5, 0.75])
        self._drop, self._unit = DROP * middle, SPREAD * (high - low) / QUARTILES

    def observed(self, codes: Codes, epochs: int, seed: int, noise: float = 1.0) -> NDArray[np.float64]:
        """[n] accuracies, as fractions, that one training of each network shows after so many epochs.

        At the end they are TabularProblem.observed; noise: as there.
        """
        final = self._problem.observed(codes, seed, noise)
        left = self._left(epochs)
        if not left:
            return final
        rows = self._problem.space.rows(codes).tolist()
        own = np.array([np.random.default_rng([0, *row]).standard_normal() for row in rows])
        drawn = np.array([np.random.default_rng([seed, epochs, *row]).standard_normal() for row in rows])
        wobble = noise * self._problem.deviation / POINTS * EARLY_NOISE * left * drawn
        found: NDArray[np.float64] = final - (self._drop + self._unit * own) * left + wobble
        return found.clip(0.0, 1.0)

    def _left(self, epochs: int) -> float:
        """s(e): the share of the rise after the first epoch that is left."""
        if epochs >= self._epochs:
            return 0.0
        return float(((self._epochs / epochs) ** POWER - 1) / (self._epochs**POWER - 1))
