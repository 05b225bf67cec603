"""Whether networks of a space keep the targets and limits of a search: what random ones tell before any is trained."""

from collections.abc import Collection, Iterator, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from nas.metric import Metric, declared, device_of, is_of_device, network_metrics
from nas.objective import Objective
from nas.pareto import Better
from nas.quantities import significant
from nas.space import Candidate, SearchSpace
from nas.trial import Columns

SAMPLES = 200
LEAST_KNOWN = 20
"""Networks of which a metric has to be known before anything is said of it."""


def drawn(space: SearchSpace, seed: int) -> list[Candidate]:
    """The random networks that stand for the space. InfeasibleError if there are none."""
    rng = Random(seed)
    return [space.sample(rng) for _ in range(SAMPLES)]


def few_networks(space: SearchSpace, max_trials: int) -> list[str]:
    """The sentence on a space of fewer networks than trials."""
    said = (
        f"The space {space.name} has {space.size()} networks, fewer than max_trials ({max_trials}): the search ends "
        "when all were tried. Choose a larger space to try more."
    )
    return [said] if space.size() < max_trials else []


def bounds(goal: Objective) -> dict[str, float]:
    """By metric: the targets, if they influence which network wins, and the limits."""
    limits = {name: limit for name, limit in goal.limits.items() if not name.startswith("latency_high_ms")}
    return {**(goal.targets if goal.steers else {}), **limits}


def size_columns(candidates: Sequence[Candidate], wanted: Collection[str]) -> Columns:
    """[candidates] of each wanted metric that follows from the network alone."""
    if all(map(is_of_device, wanted)):
        return {}
    rows = [network_metrics(candidate.architecture.expand()) for candidate in candidates]
    return {name: np.array([row[name] for row in rows]) for name in wanted if name in rows[0]}


def reach_notes(goal: Objective, known: Columns, devices: Sequence[str]) -> Iterator[str]:
    """Sentences on bounds that no drawn network keeps, and on targets that all do.

    known: metrics of the drawn networks, [n] each, NaN where one is not known; nothing is said of those that are absent
    or known of less than LEAST_KNOWN. devices: of the search, its first one first.
    """
    for name, bound in bounds(goal).items():
        values = known.get(name, np.empty(0))
        values, metric = values[~np.isnan(values)], declared(name)
        if len(values) < LEAST_KNOWN or metric is None:
            continue
        if is_of_device(name):
            where = f" on {device_of(name) or devices[0]}" if len(devices) > 1 else ""
            yield from _of_latency(bound, values, where)
        else:
            yield from _of_limit(bound, values, metric)


def _of_latency(bound: float, values: NDArray[np.float64], where: str) -> Iterator[str]:
    if values.max() <= bound:
        yield (
            f"The target of {bound:g} ms{where} limits nothing: the slowest of {len(values)} random "
            f"networks takes {significant(values.max())} ms. Lower it, or choose a larger space."
        )
    if values.min() > bound:
        yield (
            f"None of {len(values)} random networks keeps the target of {bound:g} ms{where}: the fastest "
            f"takes {significant(values.min())} ms, and half of them more than {significant(np.median(values))} ms. "
            "Raise it, or choose a smaller space, smaller images or a faster device."
        )


def _of_limit(bound: float, values: NDArray[np.float64], metric: Metric) -> Iterator[str]:
    higher = metric.better is Better.HIGHER
    nearest = values.max() if higher else values.min()
    if (nearest < bound) if higher else (nearest > bound):
        yield (
            f"None of {len(values)} random networks keeps the limit of {metric.show(bound)} on {metric.label}: the "
            f"nearest has {metric.show(nearest)}, the median is {metric.show(np.median(values))}. "
            f"{'Lower' if higher else 'Raise'} it, or choose {'another' if higher else 'a smaller'} space."
        )
