"""What decides a search before its trials do: a target that all networks keep, or none; a space of a few networks."""

from collections.abc import Iterator, Sequence
from math import nan
from typing import Any

import numpy as np

from latency_db.estimating.estimator import Estimator
from nas.errors import NotMeasuredError
from nas.objective import Objective
from nas.ops import Network
from nas.search.loop import Search
from nas.search.reach import Drawn, Values, bounds, few_networks, reach_notes
from nas.space import SearchSpace
from workers.searching.context import SearchContext

FORESEEN = "foreseen"
"""The name under which a search keeps what was known of its outcome when it began."""


def add_notes(context: SearchContext, facts: dict[str, Any], notes: Sequence[str]) -> None:
    """Add sentences to the head line of report and dashboard, which is among the facts of the search, and say them."""
    facts["notes"] = [*facts.get("notes", ()), *notes]
    for note in notes:
        context.listener.say(note)
    context.store.keep("facts", facts)


def foreseen(context: SearchContext, space: SearchSpace, objective: Objective) -> list[str]:
    """Sentences on what is known before the first trial, the same for each call of a search."""
    known: list[str] | None = context.store.known(FORESEEN)
    if known is not None:
        return known
    found = [*few_networks(space, context.spec.max_trials), *_reach(context, space, objective)]
    context.store.keep(FORESEEN, found)
    return found


def exhausted(search: Search) -> list[str]:
    """The sentence on a search that ended because its searcher had nothing left to propose."""
    if not search.exhausted:
        return []
    ended = f"the search ended after {search.finished} trials, as there was nothing left to propose"
    return [f"The space is exhausted: {ended}."]


def _reach(context: SearchContext, space: SearchSpace, goal: Objective) -> Iterator[str]:
    """Of each target and limit that every network of a sample keeps, or none."""
    drawn = Drawn(space, context.spec.seed)
    estimators = {device.name: device.measurer.estimator for device in context.devices}

    def latencies_ms(device: str) -> Values:
        return _estimates_ms(estimators[device], drawn.networks)

    return reach_notes(bounds(goal), drawn, context.spec.device_names, latencies_ms)


def _estimates_ms(estimator: Estimator, networks: Sequence[Network]) -> Values:
    """[networks]; NaN of those that have no estimate."""

    def one(network: Network) -> float:
        try:
            return estimator.estimate(network).ms
        except NotMeasuredError:
            return nan

    return np.array(list(map(one, networks)))
