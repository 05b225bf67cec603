"""The first networks of a search: spread over what is known of the space, and large or promising for it."""

from collections.abc import Collection

import numpy as np
from numpy.random import Generator

from nas.asking.codes import Codes
from nas.asking.unasked import Unasked
from nas.objective import Objective
from nas.searchers.predictor.known import LATENCY, Networks
from nas.searchers.predictor.sample import EARLIER
from nas.surrogates.kernel import Values
from nas.surrogates.network_inputs import NetworkInputs

LARGE = 0.2
"""Share of the networks of a band from which one is drawn: those with most of what is known, such as operations."""

PROMISING = 0.02
"""Share of the networks of a band from which one is drawn that earlier searches expect most of."""


class Design:
    """Bands of the sample by latency, or by what else is a goal or limited, each with as many networks.

    Networks with more operations and parameters than others of their latency are usually more accurate. Where earlier
    searches predict something and are trusted, every other network is one of which they expect most.
    """

    def __init__(self, sample: Networks, axis: str | None, inputs: NetworkInputs, bands: int, rng: Generator) -> None:
        """sample: networks within the limits. axis: the column that bands are of."""
        self._codes, count = sample.codes, len(sample.codes)
        self._size, self._expected = _size(inputs, sample, axis), _expected(inputs, sample)
        order = np.argsort(sample.columns[axis], kind="stable") if axis else rng.permutation(count)
        parts = [band for band in np.array_split(order, bands) if len(band)]
        self._bands = [parts[place] for place in rng.permutation(len(parts))]

    def network(self, number: int, unasked: Unasked, rng: Generator, *, trusting: bool) -> Codes | None:
        """[decisions] of the network of this number from 0, which was not asked; None if the sample has no more.

        trusting: earlier searches.
        """
        band = self._bands[number % len(self._bands)]
        rank, share = self._size, LARGE
        if trusting and self._expected is not None and number % 2:
            rank, share = self._expected, PROMISING
        first = band[np.argsort(-rank[band], kind="stable")[: max(1, round(share * len(band)))]]
        for codes in (self._codes[first], self._codes[band], self._codes):
            left = unasked.fresh(codes)
            if len(left):
                return np.asarray(left[rng.integers(len(left))])
        return None


def axis_of(objective: Objective, known: Collection[str]) -> str | None:
    """The column along which networks are spread: a goal that is known, what is limited, or the latency."""
    names = [goal.metric for goal in objective.goals] + [*objective.limits, LATENCY]
    return next((name for name in names if name in known), None)


def axes_of(objective: Objective, known: Collection[str]) -> list[str]:
    """The columns along which candidates climb in bands: all goals that are known, as the latencies of several devices,
    or the one of axis_of.
    """
    goals = [goal.metric for goal in objective.goals if goal.metric in known]
    axis = axis_of(objective, known)
    return goals or ([] if axis is None else [axis])


def _size(inputs: NetworkInputs, sample: Networks, axis: str | None) -> Values:
    """[n] mean of the standardised columns but the axis."""
    standard = inputs.standardised(sample.columns, len(sample.codes))
    others = [place for place, name in enumerate(inputs.names) if name != axis and not name.startswith(EARLIER)]
    return np.mean(standard[:, others], axis=1) if others else np.zeros(len(sample.codes))


def _expected(inputs: NetworkInputs, sample: Networks) -> Values | None:
    """[n] mean of the standardised predictions of earlier searches; None without any."""
    standard = inputs.standardised(sample.columns, len(sample.codes))
    places = [place for place, name in enumerate(inputs.names) if name.startswith(EARLIER)]
    return np.mean(standard[:, places], axis=1) if places else None
