"""Validation of a device's estimates on random networks of a space: estimated first, and then measured end to end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from latency_db.devices.device import Device
from latency_db.estimating.estimate import Estimate, Source
from latency_db.estimating.estimator import Estimator
from latency_db.estimating.few_shot import predictors_with_tables, select_networks
from latency_db.measuring.measure import BATCH
from latency_db.profiling.measurer import Measurer, Progress
from latency_db.records.record import Signature
from latency_db.records.signatures import network_signature
from latency_db.robust_statistics import Values
from latency_db.storing.predictions import Prediction
from latency_db.storing.store import Store
from latency_db.validating.scores import Score, baselines
from nas.errors import InfeasibleError
from nas.ops import Network
from nas.ops.canonical import graph_id
from nas.ops.cost import network_cost
from nas.ops.kernels import kernels
from nas.space import SearchSpace

POOL = 12
"""Random networks to choose each calibrating one from."""

MAX_REMEASURED = 60
"""Networks that are measured a second time at most, as that takes as long as the first time."""

MAX_DRAWS = 50
"""Random draws for each wanted network."""


@dataclass(frozen=True, slots=True)
class Plan:
    """networks: how many validate the estimates. calibrate: how many others calibrate before. seed: of the draw."""

    networks: int
    calibrate: int
    seed: int


@dataclass(frozen=True, slots=True)
class Validation:
    """networks: how many validated the estimates. calibrating: how many calibrated them, those measured earlier
    included.

    scores: of the estimates, the uncalibrated sums, and baselines; the last one is a second measurement, which no
    estimate can be better than.
    """

    space: str
    networks: int
    calibrating: int
    kernels_measured: int
    fastest_ms: float
    slowest_ms: float
    scores: tuple[Score, ...]


def validate_estimates(
    measurer: Measurer, space: SearchSpace, plan: Plan, progress: Progress | None = None
) -> Validation:
    """Measure the kernels of random networks, estimate the networks, measure them and compare.

    Networks that were measured before are not drawn, as they have records instead of estimates. All records are kept,
    and the predictions are logged beside them. NotMeasuredError if the device cannot be measured.
    """
    estimator = measurer.estimator
    drawn = list(draw_networks(estimator, space, plan))
    judging, pool = drawn[: plan.networks], drawn[plan.networks :]
    done = measurer.ensure(judging) + calibrate(measurer, pool, plan.calibrate)
    indexed = estimator.index(judging)
    found, bare = estimator.predict(indexed), estimator.predict(indexed, calibrated=False)
    calibrated_by = estimator.calibrating()
    estimates = estimator.estimate_many(judging)
    log_estimates(measurer.store, measurer.device, dict(zip(map(network_signature, judging), estimates, strict=True)))
    truth = measured_ms(measurer, judging, progress)
    again = measured_ms(measurer, judging[:MAX_REMEASURED])
    scores = (
        Score.of_predictions("sum of kernels, calibrated", found, truth),
        Score.of("sum of kernels", bare.ms, truth),
        *baselines([network_cost(network).macs for network in judging], truth),
        Score.of("measured again (ceiling)", again, truth[:MAX_REMEASURED]),
    )
    low, high = float(truth.min()), float(truth.max())
    return Validation(space.name, len(judging), calibrated_by, done, low, high, scores)


def draw_networks(estimator: Estimator, space: SearchSpace, plan: Plan) -> Iterator[Network]:
    """Distinct random networks that the device runs and that were not measured yet: first those that validate, then
    those that may calibrate.

    InfeasibleError if the space has too few.
    """
    rng, seen = Random(plan.seed), set[str]()
    wanted = plan.networks + POOL * plan.calibrate
    for _ in range(MAX_DRAWS * wanted):
        network = space.sample(rng).architecture.expand()
        of_graph = graph_id(network)
        if of_graph not in seen and not estimator.is_measured(network) and not estimator.refused(network):
            seen.add(of_graph)
            yield network
            if len(seen) == wanted:
                return
    if len(seen) < plan.networks + plan.calibrate:
        raise InfeasibleError(
            f"space {space.name!r}: {plan.networks + plan.calibrate} networks are wanted, and {len(seen)} were found "
            "that are not measured yet. Ask for fewer."
        )


def calibrate(measurer: Measurer, pool: Sequence[Network], count: int) -> int:
    """Measure `count` networks of a pool and their missing kernels, to calibrate by; returns how many kernels that
    were.
    """
    chosen = choose_calibrating(measurer.estimator, pool, count)
    done = measurer.ensure(chosen)
    measured_ms(measurer, chosen)
    return done


def measure_random_networks(measurer: Measurer, space: SearchSpace, count: int, *, whole_only: bool = False) -> None:
    """Measure random networks of a space, and their kernels unless whole_only: then other devices predict the rest."""
    pool = list(draw_networks(measurer.estimator, space, Plan(0, count, seed=0)))
    if whole_only:
        known = list(predictors_with_tables(measurer.store, measurer.device))
        places = select_networks([list(kernels(network)) for network in pool], known, count)
        measured_ms(measurer, [pool[place] for place in places])
    else:
        calibrate(measurer, pool, count)


def choose_calibrating(estimator: Estimator, pool: Sequence[Network], count: int) -> list[Network]:
    """`count` networks of a pool to calibrate by: spread over the sums of their kernels and the sizes of their weights.

    Multiply-adds take the place of the sums if kernels are neither measured nor interpolated.
    """
    if not count:
        return []
    costs = [network_cost(network) for network in pool]
    weights = np.array([cost.size_bytes for cost in costs], np.float64)
    parts = [list(kernels(network)) for network in pool]
    if estimator.predictor.resolve({kernel for network in parts for kernel in network}):
        size = np.array([cost.macs for cost in costs], np.float64)
    else:
        size = estimator.predictor.sums(estimator.predictor.index(parts)).ms
    return [pool[place] for place in spread(size, weights, count)]


def spread(ms: Values, weights_mb: Values, count: int) -> list[int]:
    """Indices of `count` networks far from each other, by farthest-point selection. ms, weights_mb: [networks].

    Distances are between ranks, so that more are chosen where there are more. The first is the one with most weights.
    """
    ranks = np.argsort(np.argsort(np.column_stack([ms, weights_mb]), axis=0, kind="stable"), axis=0)
    chosen = [int(weights_mb.argmax())]
    while len(chosen) < min(count, len(ms)):
        distances = np.min(((ranks[:, None] - ranks[chosen][None]) ** 2).sum(2), axis=1)
        distances[chosen] = -1
        chosen.append(int(distances.argmax()))
    return chosen


def measured_ms(measurer: Measurer, networks: Sequence[Network], progress: Progress | None = None) -> Values:
    """Milliseconds of networks that are measured end to end now, [networks]."""
    found: list[float] = []
    for first in range(0, len(networks), BATCH):
        batch = networks[first : first + BATCH]
        records = measurer.measure_networks({str(number): network for number, network in enumerate(batch)})
        found += [records[str(number)].latency_ms for number in range(len(batch))]
        if progress:
            progress(len(found), len(networks))
    return np.array(found)


def log_estimates(store: Store, device: Device, estimates: Mapping[Signature, Estimate]) -> None:
    """Log predictions; the store adds what is measured later. Networks with a record are left out."""
    predicted = [
        Prediction(signature, e.ms, e.low_ms, e.high_ms, e.measured, e.interpolated, e.learned, e.source)
        for signature, e in estimates.items()
        if e.source is not Source.MEASURED
    ]
    store.log_predictions(device, predicted)
