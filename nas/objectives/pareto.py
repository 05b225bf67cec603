"""The front of accuracy and latency, or of any metrics: every trade-off counts, and none is the target."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from nas.metric import declared, directions, metrics
from nas.objective import NO_MAX, Goal, Limits, MaxSizes, Objective, Targets, objective
from nas.pareto import Better
from nas.registry import described
from nas.trial import Metrics

ACCURACY = "accuracy"
MAX_METRICS = 6
"""With more, hardly a network dominates another, and a front says nothing."""


def _check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    found = {name: declared(name) for name in names}
    unknown = [name for name, made in found.items() if made is None]
    if unknown:
        raise ValueError(f"there is no metric named {unknown[0]!r}; there are: {', '.join(metrics())}")
    if len(found) < len(names):
        raise ValueError("a metric is named twice")
    first = found[names[0]]
    if first is None or first.known_before_training:
        raise ValueError(f"the first is one that training shows, such as accuracy; {names[0]} is known without it")
    return names


def _schema() -> dict[str, Any]:
    """The names, each with its unit and what it is."""
    texts = (
        f"{name}: {made.describe()['summary']}" + (f" Unit: {made.unit}." if made.unit else "")
        for name, made in metrics().items()
    )
    items = {"type": "string", "examples": [*metrics()], "description": "\n".join(texts)}
    return {"type": "array", "items": items, "minItems": 2, "maxItems": MAX_METRICS, "uniqueItems": True}


Names = Annotated[
    Annotated[
        tuple[str, ...],
        Field(min_length=2, max_length=MAX_METRICS),
        AfterValidator(_check_names),
        WithJsonSchema(_schema()),
    ]
    | None,
    described(
        "the metrics of one front, the first one that training shows; left out, accuracy and latency, on each device",
        "to trade more than latency for accuracy, as in [accuracy, latency_ms, size_bytes]",
    ),
]
"""Names of metrics, the first one of training."""


@objective("pareto")
class Pareto(Objective):
    """Networks that no other beats in both ACC and LAT, or in all of `metrics`, within the limits.

    metrics: names of metrics, such as accuracy, latency_ms and size_bytes; `latency_ms@DEVICE` is the latency on a
    device that is not the first. Each is better in its own direction. Without them the front is of accuracy and the
    latency on each of the search's devices, and holds the front of each. Searchers that know a single number see the
    first metric. The target has no part in it; a limit on latency_ms bounds the front.
    """

    def __init__(
        self,
        *,
        target_latency_ms: Targets,
        metrics: Names = None,
        sizes: MaxSizes = NO_MAX,
        limits: Limits = None,
    ) -> None:
        super().__init__(target_latency_ms=target_latency_ms, sizes=sizes, limits=limits)
        self.steers = False
        self._given = metrics
        self.needs = metrics or (ACCURACY, *self.targets)

    @property
    def goals(self) -> tuple[Goal, ...]:
        return _goals(self.needs)

    @property
    def note(self) -> str:
        which = "accuracy and latency" if not self._given else f"{', '.join(self.needs[:-1])} and {self.needs[-1]}"
        each = " on each device" if len(self.targets) > 1 and not self._given else ""
        return (
            f"The search looks for the whole front of {which}{each}: take the network that suits you from it. "
            "Use the objective `constrained` to spend all trials on one latency."
        )

    def reward(self, metrics: Metrics) -> float:
        first, *_ = self.goals
        return metrics[first.metric] if first.better is Better.HIGHER else -metrics[first.metric]


def _goals(names: Sequence[str]) -> tuple[Goal, ...]:
    return tuple(Goal(name, better) for name, better in zip(names, directions(names), strict=True))
