"""The fraction of validation images that are classified correctly."""

from nas.metric import Column, Metric, Source, Style, metric
from nas.pareto import Better


@metric("accuracy")
class Accuracy(Metric):
    label = "validation accuracy"
    better = Better.HIGHER
    source = Source.TRAINING
    style = Style.PERCENT
    digits = 2
    order = 0
    column = Column("accuracy", per=0.01, decimals=2, suffix="%")
