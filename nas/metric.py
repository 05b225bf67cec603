"""Metrics: the numbers that describe a network, each declared once: its direction, its source, and how it is shown.

In a search for several devices, a metric of a device has its plain name on the first of them, and NAME@DEVICE on each
other: `latency_ms` and `latency_ms@phone`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from inspect import getdoc, getmodule
from typing import TYPE_CHECKING, Any, ClassVar

from nas.ops import Network
from nas.ops.cost import Cost, network_cost
from nas.pareto import Better, front
from nas.plugins import Plugins
from nas.quantities import MISSING, NO_BREAK, count, duration, percent, significant, whole

if TYPE_CHECKING:  # the ledger, which has columns for metrics, opens without numpy
    import numpy as np
    from numpy.typing import NDArray


class Source(StrEnum):
    """Where the values come from. Those of the network and of the device are known of every candidate.

    untrained: a zero-cost score of the network with its initial weights, if the search takes such.
    """

    NETWORK = "network"
    DEVICE = "device"
    UNTRAINED = "untrained"
    TRAINING = "training"


class Style(StrEnum):
    """How a value is written: a fraction times 100, with significant digits, with k, M or G, or as a time."""

    PERCENT = "percent"
    NUMBER = "number"
    PREFIXED = "prefixed"
    DURATION = "duration"


class Shown(StrEnum):
    """Where: in every table of trials, only in those with room for many columns, only in those with room whose trials
    have values, or only with a single trial.
    """

    TABLES = "tables"
    WIDE = "wide"
    PRESENT = "present"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of text, in which every value has one scale: value / per, with so many decimals.

    Whole numbers have their digits in groups of three.
    """

    heading: str
    per: float = 1.0
    decimals: int = 0
    suffix: str = ""

    def text(self, value: float) -> str:
        grouping = "" if self.decimals else ","
        return f"{value / self.per:{grouping}.{self.decimals}f}{self.suffix}"


class Metric:
    """One metric; its name, with the unit, is the key under which trials carry it. Metrics have no state.

    label: what it is called; abbreviation: what tables call it, if the label is too long. unit: written after a value.
    digits: significant ones, or decimals of a percentage. whole: whether its values are whole numbers. order: its place
    among the columns. column: how tables of text show it, where that is not by heading and digits.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    abbreviation: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    better: ClassVar[Better]
    source: ClassVar[Source]
    style: ClassVar[Style] = Style.NUMBER
    digits: ClassVar[int] = 3
    whole: ClassVar[bool] = False
    shown: ClassVar[Shown] = Shown.TABLES
    order: ClassVar[int] = 100
    column: ClassVar[Column | None] = None

    @property
    def known_before_training(self) -> bool:
        """Whether an objective can limit it."""
        return self.source in {Source.NETWORK, Source.DEVICE}

    @property
    def heading(self) -> str:
        return self.abbreviation or self.label

    @property
    def text_column(self) -> Column:
        heading = f"{self.heading}, {self.unit}" if self.unit else self.heading
        return self.column or Column(heading, decimals=self.digits)

    def show(self, value: float | None) -> str:
        """The value for people, with its unit; a dash where it is missing."""
        if value is None:
            return MISSING
        match self.style:
            case Style.PERCENT:
                return percent(value, self.digits)
            case Style.DURATION:
                return duration(value)
            case Style.PREFIXED:
                text = count(value)
            case Style.NUMBER:
                text = whole(value) if self.whole else significant(value, self.digits)
        if not self.unit:
            return text
        return f"{text}{self.unit}" if NO_BREAK in text else f"{text}{NO_BREAK}{self.unit}"

    def describe(self) -> dict[str, Any]:
        """The declaration as JSON values, for clients that show metrics."""
        fields = ("name", "label", "heading", "unit", "better", "source", "style", "digits", "whole", "shown")
        return {
            **{field: getattr(self, field) for field in fields},
            "known_before_training": self.known_before_training,
            "summary": (getdoc(getmodule(type(self))) or "").partition("\n")[0],
        }


class NetworkMetric(Metric):
    """A metric that follows from the network alone."""

    source = Source.NETWORK

    def of(self, _network: Network, cost: Cost, /) -> float:
        """The value for a network and its cost, already read; by default, the cost's field with the metric's name."""
        value: float = getattr(cost, self.name)
        return value


metric: Plugins[Metric] = Plugins("metric", "nas.metrics")

FRONT = ("latency_ms", "accuracy")
"""The metrics whose front a search reports, of its first device."""

AT = "@"
"""Between the name of a metric and that of the device it is of, unless that is the first of the search."""


def suffixes(devices: Sequence[str]) -> dict[str, str]:
    """What follows the names of the metrics of each device: nothing for the first."""
    return {device: f"{AT}{device}" if place else "" for place, device in enumerate(devices)}


def of_devices(name: str, devices: Sequence[str]) -> dict[str, str]:
    """The name of a device's metric by device."""
    return {device: f"{name}{suffix}" for device, suffix in suffixes(devices).items()}


def device_of(name: str) -> str:
    """The device after the @ of a metric's name; empty for a plain name."""
    return name.partition(AT)[2]


@cache
def metrics() -> Mapping[str, Metric]:
    """All metrics by name, in the order of columns."""
    return {made.name: made for made in sorted(map(metric.make, metric), key=lambda made: (made.order, made.name))}


def is_of_device(name: str) -> bool:
    """Whether a device decides the value: a metric of devices, or what an estimate of a latency says of itself."""
    plain = name.partition(AT)[0]
    made = metrics().get(plain)
    return plain.startswith("latency_") or (made is not None and made.source is Source.DEVICE)


@lru_cache(maxsize=1000)
def declared(name: str) -> Metric | None:
    """The metric of this name, also on a device that is not the first: NAME@DEVICE; None if there is none."""
    plain, at, device = name.partition(AT)
    made = metrics().get(plain)
    if made is None or not at:
        return made
    return _on(made, name, device) if made.source is Source.DEVICE and device else None


def _on(made: Metric, name: str, device: str) -> Metric:
    """The declaration of a metric, for one device."""
    cls = type(made)
    column = replace(made.text_column, heading=f"{made.text_column.heading} {AT} {device}")
    named = {"name": name, "label": f"{made.label} on {device}", "column": column, "__module__": cls.__module__}
    on: type[Metric] = type(cls.__name__, (cls,), {**named, "abbreviation": f"{made.heading} on {device}"})
    return on()


def listed() -> tuple[str, ...]:
    """The metrics that all trials have columns for, in order."""
    return tuple(name for name, made in metrics().items() if made.shown in {Shown.TABLES, Shown.WIDE})


def tabulated(*sources: Source) -> list[Metric]:
    """The metrics of these sources that every table shows, in order; without sources, all of them."""
    in_tables = (made for made in metrics().values() if made.shown is Shown.TABLES)
    return [made for made in in_tables if not sources or made.source in sources]


def listed_where_present() -> tuple[str, ...]:
    """The metrics that only some trials have columns for, in order."""
    return tuple(name for name, made in metrics().items() if made.shown is Shown.PRESENT)


def present(rows: Iterable[Mapping[str, Any]]) -> list[Metric]:
    """The metrics that tables show where one of these rows has a value, in order; then those of further devices."""
    found = {name: None for row in rows for name in row}
    on_devices = [made for name in found if device_of(name) and (made := declared(name))]
    return [metrics()[name] for name in listed_where_present() if name in found] + on_devices


def directions(names: Sequence[str]) -> tuple[Better, ...]:
    """The directions of metrics. KeyError for a name that is no metric's."""
    return tuple(_better(name) for name in names)


def _better(name: str) -> Better:
    made = declared(name)
    if made is None:
        raise KeyError(name)
    return made.better


def front_of(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> list[int]:
    """Indices of the rows on the front of these metrics, which each row has; in the order of nas.pareto.front."""
    return front([[row[name] for name in names] for row in rows], directions(names))


def network_metrics(network: Network) -> dict[str, float]:
    """The values of all that follow from the network alone. InvalidArchitectureError if it cannot be built."""
    cost = network_cost(network)
    return {name: made.of(network, cost) for name, made in metrics().items() if isinstance(made, NetworkMetric)}


def cost_metrics(costs: "Mapping[str, NDArray[np.float64]]") -> "dict[str, NDArray[np.float64]]":
    """As network_metrics, for many networks at once: costs has an array [n] for each field of a Cost.

    Metrics that read more of a network than its cost are left out.
    """
    of_arrays: Any = Cost  # its arithmetic is that of arrays, too
    cost = of_arrays(**costs)
    found = (made for made in metrics().values() if isinstance(made, NetworkMetric))
    return {made.name: getattr(cost, made.name) for made in found if type(made).of is NetworkMetric.of}
