"""What decides a search before its trials do: a target that all networks keep, or none; a space of a few networks."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from latency_db.estimating.estimator import Estimator
from nas.errors import NotMeasuredError
from nas.objective import Objective
from nas.ops import Network
from nas.quantities import significant
from nas.search.loop import Search
from nas.space import SearchSpace
from nas.spec import SearchSpec
from workers.searching.context import SearchContext, SearchDevice

FORESEEN = "foreseen"
"""The name under which a search keeps what was known of its outcome when it began."""
SAMPLES = 200


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
    spec = context.spec
    found = [*_few_networks(spec, space), *_idle_targets(spec, space, objective, context.devices)]
    context.store.keep(FORESEEN, found)
    return found


def exhausted(search: Search) -> list[str]:
    """The sentence on a search that ended because its searcher had nothing left to propose."""
    if not search.exhausted:
        return []
    ended = f"the search ended after {search.finished} trials, as there was nothing left to propose"
    return [f"The space is exhausted: {ended}."]


def _few_networks(spec: SearchSpec, space: SearchSpace) -> Iterator[str]:
    if space.size() < spec.max_trials:
        yield (
            f"The space {space.name} has {space.size()} networks, fewer than max_trials ({spec.max_trials}): the "
            "search ends when all were tried. Choose a larger space to try more."
        )


def _idle_targets(
    spec: SearchSpec, space: SearchSpace, objective: Objective, devices: Sequence[SearchDevice]
) -> Iterator[str]:
    """Of each device whose target every network of a sample keeps, or none."""
    if not objective.steers:
        return
    rng = Random(spec.seed)
    networks = [space.sample(rng).architecture.expand() for _ in range(SAMPLES)]
    for device, target in zip(devices, objective.targets.values(), strict=True):
        found_ms = list(_estimates_ms(device.measurer.estimator, networks))
        where = f" on {device.name}" if len(devices) > 1 else ""
        if found_ms and max(found_ms) <= target:
            yield (
                f"The target of {significant(target)} ms{where} limits nothing: the slowest of {len(found_ms)} random "
                f"networks takes {significant(max(found_ms))} ms. Lower it, or choose a larger space."
            )
        if found_ms and min(found_ms) > target:
            yield (
                f"None of {len(found_ms)} random networks keeps the target of {significant(target)} ms{where}: the "
                f"fastest takes {significant(min(found_ms))} ms. Raise it, or choose a smaller space."
            )


def _estimates_ms(estimator: Estimator, networks: Sequence[Network]) -> Iterator[float]:
    """Of the networks that have an estimate."""
    for network in networks:
        try:
            yield estimator.estimate(network).ms
        except NotMeasuredError:
            continue
