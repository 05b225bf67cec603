"""Multiply-adds of convolutions and linear layers, for one image."""

from nas.metric import Column, NetworkMetric, Style, metric
from nas.pareto import Better


@metric("macs")
class Macs(NetworkMetric):
    label = "multiply-adds"
    abbreviation = "MACs"
    better = Better.LOWER
    style = Style.PREFIXED
    whole = True
    order = 3
    column = Column("M MACs", per=1e6, decimals=2)
