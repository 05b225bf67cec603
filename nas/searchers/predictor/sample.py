"""A sample of the space: what is usual in it, and what keeps the limits."""

import numpy as np
from numpy.random import Generator

from nas.asking.codes import Codes, mutated_codes, random_codes
from nas.asking.problem import Problem
from nas.searchers.predictor.known import Networks, excess
from nas.surrogates.network_inputs import NetworkInputs

SIZE = 2000
"""Networks that are drawn uniformly."""

RARE = 0.05
"""Share of networks within the limits under which more are bred, as few say little of what is allowed."""

EARLIER = "earlier "
"""How the names of columns with predictions of earlier searches begin."""

LATENCIES = "latency"
"""How the names of latencies begin."""

ROUNDS = 20
PARENTS = 100
MUTANTS = 500


def sample_of(problem: Problem, rng: Generator) -> Networks:
    """Networks that can be built, drawn uniformly, and more within the limits where those are rare."""
    found = known_of(problem, random_codes(problem.space, SIZE, rng)).possible()
    for _ in range(ROUNDS):
        over = excess(problem.objective, found.columns, len(found.codes))
        if not len(over) or np.mean(over == 0) >= RARE:
            break
        parents = found.codes[np.argsort(over, kind="stable")[:PARENTS]]
        mutants = mutated_codes(problem.space, np.repeat(parents, MUTANTS // PARENTS, axis=0), rng)
        found = found.and_(known_of(problem, mutants).possible())
    return found


def within(problem: Problem, networks: Networks) -> Networks:
    """Those that keep the limits; all if none does."""
    kept = excess(problem.objective, networks.columns, len(networks.codes)) == 0
    return networks.of(kept) if kept.any() else networks


def inputs_of(problem: Problem, sample: Networks) -> NetworkInputs:
    """Inputs of decisions and of what is known, but for latencies: a device says little of the accuracy."""
    columns = {name: values for name, values in sample.columns.items() if not name.startswith(LATENCIES)}
    predictions = [name for name in columns if name.startswith(EARLIER)]
    return NetworkInputs(problem.space.decisions(), sample.codes, columns, predictions)


def known_of(problem: Problem, codes: Codes) -> Networks:
    return Networks(codes, problem.known(codes))
