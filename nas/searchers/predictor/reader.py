"""Reads candidates: what is known of them, and what has to be predicted as nobody says it."""

from collections.abc import Mapping

from nas.asking.codes import Codes
from nas.asking.problem import Problem
from nas.searchers.predictor.known import Networks
from nas.searchers.predictor.sample import known_of
from nas.surrogates.gaussian_process import GaussianProcess
from nas.surrogates.kernel import Values
from nas.surrogates.network_inputs import NetworkInputs


class Reader:
    """Metrics that nothing is known of before a trial are columns by the means of surrogates."""

    def __init__(self, problem: Problem, inputs: NetworkInputs, learned: Mapping[str, GaussianProcess]) -> None:
        self._problem, self._inputs, self._learned = problem, inputs, learned

    def read(self, codes: Codes) -> Networks:
        """Those of codes [n, decisions] that can be built."""
        return self.completed(known_of(self._problem, codes).possible())

    def completed(self, networks: Networks) -> Networks:
        """Networks with the columns that are learned."""
        if not self._learned:
            return networks
        inputs = self.inputs(networks)
        learned = {name: process.mean(inputs) for name, process in self._learned.items()}
        return Networks(networks.codes, {**networks.columns, **learned})

    def inputs(self, networks: Networks) -> Values:
        """[n, C] of the surrogates."""
        return self._inputs(networks.codes, networks.columns)
