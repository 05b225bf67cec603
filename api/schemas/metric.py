"""Metrics as clients show them."""

from typing import Annotated

from api.schemas.common import Sent, one_of
from nas.metric import Shown, Source, Style
from nas.pareto import Better


class MetricOut(Sent):
    """A metric of trials; name is its key in their `metrics`.

    label: what it is called; heading: the same for tables. unit: written after a value. style: as a fraction times 100,
    with `digits` significant ones, with the prefixes k, M and G, or as a time. whole: its values are whole numbers.
    shown: in every table of trials, in those with room for many columns, or with a single trial only.
    """

    name: str
    label: str
    heading: str
    unit: str
    better: Annotated[str, one_of(Better)]
    source: Annotated[str, one_of(Source)]
    style: Annotated[str, one_of(Style)]
    digits: int
    whole: bool
    shown: Annotated[str, one_of(Shown)]
    known_before_training: bool
    summary: str


class MetricList(Sent):
    items: list[MetricOut]
