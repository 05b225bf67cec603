"""Objectives: one number from what was measured, and the limits that a network must keep."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from nas.metric import declared, metrics, of_devices
from nas.pareto import Better
from nas.registry import Registry, described
from nas.trial import Columns, Metrics, Trial

REWARD = "reward"
"""What a goal names in place of a metric when it is the objective's reward."""

LATENCY = "latency_ms"

V = TypeVar("V", float, NDArray[np.float64])

_TARGET = described(
    "the latency to reach on the device, or each of several by name; left out in a search, the median latency of "
    "random members of the space",
    "set it to what your application allows; `nas space profile` shows what the space offers",
    ge=1e-6,
    le=1e6,
)
PositiveMs = Annotated[float, _TARGET]
"""A time from a nanosecond to a quarter of an hour: with the exponents' bounds, every reward is a finite number."""


def _limit(meaning: str) -> Any:
    return described(f"{meaning}; none for no limit", "set it where the device or the download is small", gt=0)


_Ms = {"type": "number", "minimum": 1e-6, "maximum": 1e6}
_TARGETS = {"anyOf": [_Ms, {"type": "object", "additionalProperties": _Ms, "minProperties": 1}]}


def _each(value: Any, one: ValidatorFunctionWrapHandler) -> Any:
    """The checked value, or each value of several devices."""
    several = isinstance(value, Mapping) and value
    return {str(device): one(target) for device, target in value.items()} if several else one(value)


if TYPE_CHECKING:
    Targets = float | Mapping[str, float]
else:
    Targets = Annotated[float, _TARGET, WrapValidator(_each), WithJsonSchema(_TARGETS)]
"""The target of one device, as PositiveMs; or that of each of several by its name, the search's first device first."""


@dataclass(frozen=True, slots=True)
class MaxSizes:
    """The limits with a parameter of their own, named `max_` and the metric: the most that the metric may be."""

    max_params: Annotated[int | None, _limit("the most parameters of a network")] = None
    max_macs: Annotated[int | None, _limit("the most multiply-adds of a network for one image")] = None
    max_size_bytes: Annotated[
        int | None, _limit("the most bytes of the exported file, as expected before training")
    ] = None

    def by_metric(self) -> dict[str, int | None]:
        return {name.removeprefix("max_"): limit for name, limit in asdict(self).items()}


NO_MAX = MaxSizes()


def _check_names(limits: dict[str, float]) -> dict[str, float]:
    known = [name for name, metric in metrics().items() if metric.known_before_training]
    found = {name: declared(name) for name in limits}
    unknown = [name for name, metric in found.items() if metric is None or not metric.known_before_training]
    if unknown:
        raise ValueError(f"no metric named {unknown[0]!r} is known before training; there are: {', '.join(known)}")
    return limits


def _limits_schema() -> dict[str, Any]:
    """A field for each metric that has no parameter of its own."""
    number = {"type": "number", "exclusiveMinimum": 0}
    own = {"latency_ms", *MaxSizes().by_metric()}
    fields = {
        name: number | {"description": metric.describe()["summary"]}
        for name, metric in metrics().items()
        if metric.known_before_training and name not in own
    }
    return {"type": "object", "properties": fields, "additionalProperties": number}


Limits = Annotated[
    Annotated[dict[str, Annotated[float, Field(gt=0)]], AfterValidator(_check_names), WithJsonSchema(_limits_schema())]
    | None,
    described(
        "limits on any metric that is known before training, by its name",
        "for peak_memory_bytes, or for the latency on a front of `pareto`",
    ),
]
"""Limits by the name of a metric known before training: the most it may be, or the least if higher is better."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A metric, or REWARD, and the direction in which it is better."""

    metric: str
    better: Better

    def of(self, trial: Trial) -> float | None:
        """Its value in a trial; None where it was not measured."""
        return trial.reward if self.metric == REWARD else trial.metrics.get(self.metric)


class Objective(ABC):
    """What a search maximises.

    limits maps a metric that is known before training to the most it may be, or the least where higher is better. A
    candidate over a limit is not trained: its trial is infeasible and its reward is -violation.

    steers: whether the target influences which candidate wins; where it does not, reports must say so. targets: the
    target of each device in milliseconds, the first device's first, by the metric that is its latency there.
    """

    name: ClassVar[str]
    needs: tuple[str, ...]
    """Names of the metrics that reward reads: a trial without one of them has failed."""

    def __init__(self, *, target_latency_ms: Targets, sizes: MaxSizes = NO_MAX, limits: Limits = None) -> None:
        self.targets = _by_metric(target_latency_ms)
        self.steers = True
        self.limits: dict[str, float] = {metric: most for metric, most in sizes.by_metric().items() if most is not None}
        for metric, limit in (limits or {}).items():
            self.limit(metric, limit)

    def limit(self, metric: str, limit: float) -> None:
        """Add a limit; of two on one metric the stricter one holds."""
        stricter = max if _higher_is_better(metric) else min
        self.limits[metric] = stricter(limit, self.limits.get(metric, limit))

    @property
    def target_latency_ms(self) -> float:
        """The target of the first device."""
        return next(iter(self.targets.values()))

    @abstractmethod
    def reward(self, metrics: Metrics) -> float:
        """Higher is better; metrics holds at least those in needs."""

    @property
    def goals(self) -> tuple[Goal, ...]:
        """What a searcher improves, within the limits; several goals are weighed by their front."""
        return (Goal(REWARD, Better.HIGHER),)

    @property
    def note(self) -> str | None:
        """What reports say of it; of an objective that does not steer, why, and what does."""
        return None

    def violation(self, metrics: Metrics) -> float:
        """How far metrics are over the limits: the sum of relative excesses, 0 when all hold (Deb, 2000)."""
        excess = (_excess(metrics[metric], metric, limit) for metric, limit in self.limits.items())
        return sum((max(0.0, each) for each in excess), start=0.0)

    def margins(self, columns: Columns) -> Columns:
        """[n] relative excesses over each limit, by its metric; limits on metrics that have no column are left out.

        A limit holds where its excess is 0 or less; not where it is NaN.
        """
        return {
            metric: _excess(columns[metric], metric, limit)
            for metric, limit in self.limits.items()
            if metric in columns
        }

    def describe_limits(self) -> str:
        """The limits as text, such as `params <= 1000, latency_ms <= 0.5`."""
        signs = {metric: ">=" if _higher_is_better(metric) else "<=" for metric in self.limits}
        return ", ".join(f"{metric} {signs[metric]} {limit:g}" for metric, limit in self.limits.items())


def _excess(value: V, metric: str, limit: float) -> V:
    return 1 - value / limit if _higher_is_better(metric) else value / limit - 1


def _higher_is_better(metric: str) -> bool:
    """False also for the facts of a latency estimate, which are limited by `constrained`."""
    made = declared(metric)
    return made is not None and made.better is Better.HIGHER


def _by_metric(targets: float | Mapping[str, float]) -> dict[str, float]:
    """Targets by the metric that each is of."""
    if not isinstance(targets, Mapping):
        return {LATENCY: targets}
    return {name: targets[device] for device, name in of_devices(LATENCY, tuple(targets)).items()}


objective: Registry[Objective] = Registry("objective", "nas.objectives")
