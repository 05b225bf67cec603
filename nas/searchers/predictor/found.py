"""Networks that earlier searches have trained for this one: its first trials, as nothing has to be trained for them."""

from dataclasses import replace

import numpy as np

from nas.asking.problem import Earlier, Problem
from nas.asking.warm_start import starting_candidates
from nas.objective import Goal
from nas.searchers.predictor.history import History
from nas.searchers.predictor.sample import known_of
from nas.searchers.predictor.surrogates import Surrogates
from nas.space import Candidate
from nas.surrogates.network_inputs import NetworkInputs

MOST = 32


def found_before(problem: Problem, inputs: NetworkInputs, goal: Goal, axis: str | None) -> list[Candidate]:
    """Up to MOST networks of the fronts of problem.earlier, which is of this search's task alone.

    By means of a surrogate of what was found, if it is enough for one: single trainings would put the luckiest first.
    """
    history = History(problem.space, problem.earlier)
    made = Surrogates(problem, history, inputs).of_goal(goal, axis) if len(history) else None
    if made is None:
        return starting_candidates(problem, MOST)

    def smoothed(earlier: Earlier) -> Earlier:
        networks = known_of(problem, earlier.codes)
        known = networks.is_possible() & np.isfinite(earlier.metrics.get(goal.metric, np.nan))
        values = np.full(len(known), np.nan)
        values[known] = made[0].mean(inputs(networks.codes[known], networks.of(known).columns))
        return replace(earlier, metrics={**earlier.metrics, goal.metric: values})

    return starting_candidates(replace(problem, earlier=tuple(map(smoothed, problem.earlier))), MOST)
