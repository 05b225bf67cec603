"""What is expected of candidates by now, and the choice of several that are trained at the same time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from nas.asking.codes import Codes
from nas.objective import Objective
from nas.searchers.predictor.aims import Aim, Beliefs, Judge
from nas.searchers.predictor.known import Networks, excess, probability
from nas.searchers.predictor.reader import Reader
from nas.surrogates.gaussian_process import GaussianProcess
from nas.surrogates.kernel import Values

SHORTLIST = 300
"""Candidates from which the networks of one ask are chosen."""

UNCERTAIN = 50
"""An exploring choice is the least certain of so many candidates."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A surrogate, the networks that were trained or are being trained, and its means of a sample of the space [s]."""

    process: GaussianProcess
    networks: Networks
    space: Values


class Expectations:
    """The gains of candidates.

    What is being trained is expected to turn out as predicted, so that its likes gain little (the kriging believer of
    Ginsbourger, Le Riche and Carraro, 2010).
    """

    def __init__(self, objective: Objective, aim: Aim, reader: Reader, knowledge: Knowledge) -> None:
        self._objective, self._aim, self._reader, self._knowledge = objective, aim, reader, knowledge
        self._means = knowledge.process.mean(reader.inputs(knowledge.networks))
        self._judge = self._judge_with(knowledge.networks.of(slice(0)), np.zeros(0))

    @property
    def parents(self) -> Codes:
        """[p, decisions] networks on the front, or those with the best rewards."""
        return self._knowledge.networks.codes[self._judge.parents()]

    def score(self, networks: Networks) -> Values:
        """[n] expected gains; less than 0 over a limit, the more so the further."""
        prediction = self._knowledge.process.predict(self._reader.inputs(networks))
        return self._scores(self._judge, networks, prediction.mean, prediction.deviation)

    def ranked(self, networks: Networks, scores: Values, explore: float, rng: Generator) -> Iterator[Codes]:
        """Rows of the networks, the next best at each step if all before are trained too; some by their uncertainty.

        scores: theirs [n]. explore: the share that is chosen by uncertainty.
        """
        short = networks.of(np.argsort(-scores, kind="stable")[:SHORTLIST])
        process, inputs = self._knowledge.process, self._reader.inputs(short)
        prediction = process.predict(inputs)
        variance, explained = prediction.deviation**2, np.zeros((0, len(inputs)))
        left, judge, taken = np.ones(len(inputs), bool), self._judge, []
        while left.any():
            gains = np.where(left, self._scores(judge, short, prediction.mean, np.sqrt(variance)), -np.inf)
            place = int(np.argmax(gains))
            if rng.random() < explore:
                best = np.argsort(-gains, kind="stable")[: min(UNCERTAIN, int(left.sum()))]
                place = int(best[np.argmax(np.where(gains[best] >= 0, variance[best], -1.0))])
            yield short.codes[place]
            left[place] = False
            taken.append(place)
            column = process.covariance(inputs, prediction, place) - explained.T @ explained[:, place]
            column /= np.sqrt(variance[place] + process.noise_deviation**2)
            explained = np.vstack([explained, column])
            variance = np.maximum(variance - column**2, 0.0)
            judge = self._judge_with(short.of(np.array(taken)), prediction.mean[taken])

    def _judge_with(self, more: Networks, means: Values) -> Judge:
        """A judge that knows more networks, believed to have these means [m]."""
        networks, values = self._knowledge.networks.and_(more), np.concatenate([self._means, means])
        beliefs = Beliefs(values, np.zeros(len(values)), networks.columns)
        return self._aim.judge(beliefs, self._knowledge.space)

    def _scores(self, judge: Judge, networks: Networks, mean: Values, deviation: Values) -> Values:
        over = excess(self._objective, networks.columns, len(networks.codes))
        gain = judge.gain(Beliefs(mean, deviation, networks.columns))
        return np.where(over > 0, -over, gain * probability(self._objective, networks.columns))
