"""Whether networks of a space keep the targets and limits of a search: what random ones tell before any is trained."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np
from numpy.typing import NDArray

from nas.metric import Metric, declared, device_of, is_of_device, network_metrics, of_devices
from nas.objective import LATENCY, Objective
from nas.ops import Network
from nas.pareto import Better
from nas.quantities import significant
from nas.space import Candidate, SearchSpace
from nas.trial import Columns

Values = NDArray[np.float64]

SAMPLES = 200
LEAST_KNOWN = 20
"""Networks of which a metric has to be known before anything is said of it."""


@dataclass(frozen=True)
class Drawn:
    """The random networks that stand for a space. They are drawn when they are asked for, which takes tenths of a
    second; InfeasibleError then if there are none.
    """

    space: SearchSpace
    seed: int

    @cached_property
    def candidates(self) -> list[Candidate]:
        rng = Random(self.seed)
        return [self.space.sample(rng) for _ in range(SAMPLES)]

    @cached_property
    def networks(self) -> list[Network]:
        return [candidate.architecture.expand() for candidate in self.candidates]


def few_networks(space: SearchSpace, max_trials: int) -> list[str]:
    """The sentence on a space of fewer networks than trials."""
    if space.size() >= max_trials:
        return []
    said = (
        f"The space {space.name} has {space.size()} networks, fewer than max_trials ({max_trials}): the search ends "
        "when all were tried. Choose a larger space to try more."
    )
    return [said]


def bounds(goal: Objective) -> dict[str, float]:
    """By metric: the targets, if they influence which network wins, and the limits."""
    limits = {name: limit for name, limit in goal.limits.items() if not name.startswith("latency_high_ms")}
    return {**(goal.targets if goal.steers else {}), **limits}


def reach_notes(
    wanted: Mapping[str, float], drawn: Drawn, devices: Sequence[str], latencies_ms: Callable[[str], Values]
) -> Iterator[str]:
    """Sentences on bounds that no drawn network keeps, and on targets that all do.

    wanted: bounds by metric. devices: of the search, its first one first. latencies_ms: on a device, of the drawn
    networks [n], NaN where one is not known, or [0]. Nothing is said of what is known of less than LEAST_KNOWN.
    """
    known = {**_size_columns(drawn, wanted)}
    for device, name in of_devices(LATENCY, devices).items():
        if name in wanted:
            known[name] = latencies_ms(device)
    for name, bound in wanted.items():
        values = known.get(name, np.empty(0))
        values, metric = values[~np.isnan(values)], declared(name)
        if len(values) < LEAST_KNOWN or metric is None:
            continue
        if is_of_device(name):
            where = f" on {device_of(name) or devices[0]}" if len(devices) > 1 else ""
            yield from _of_latency(bound, values, where)
        else:
            yield from _of_limit(bound, values, metric)


def _size_columns(drawn: Drawn, wanted: Mapping[str, float]) -> Columns:
    """[n] of each wanted metric that follows from the network alone."""
    if all(map(is_of_device, wanted)):
        return {}
    rows = [network_metrics(network) for network in drawn.networks]
    return {name: np.array([row[name] for row in rows]) for name in wanted if name in rows[0]}


def _of_latency(bound: float, values: Values, where: str) -> Iterator[str]:
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


def _of_limit(bound: float, values: Values, metric: Metric) -> Iterator[str]:
    higher = metric.better is Better.HIGHER
    nearest = values.max() if higher else values.min()
    if (nearest < bound) if higher else (nearest > bound):
        yield (
            f"None of {len(values)} random networks keeps the limit of {metric.show(bound)} on {metric.label}: the "
            f"nearest has {metric.show(nearest)}, the median is {metric.show(np.median(values))}. "
            f"{'Lower' if higher else 'Raise'} it, or choose {'another' if higher else 'a smaller'} space."
        )
