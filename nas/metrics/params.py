"""Weights and biases, with the scale and shift of batch norms."""

from nas.metric import Column, NetworkMetric, Style, metric
from nas.pareto import Better


@metric("params")
class Params(NetworkMetric):
    label = "parameters"
    abbreviation = "params"
    better = Better.LOWER
    style = Style.PREFIXED
    whole = True
    order = 2
    column = Column("params")
