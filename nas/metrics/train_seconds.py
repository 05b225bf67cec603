"""The time that training took, without scoring."""

from nas.metric import Metric, Shown, Source, Style, metric
from nas.pareto import Better


@metric("train_seconds")
class TrainSeconds(Metric):
    label = "training"
    better = Better.LOWER
    source = Source.TRAINING
    style = Style.DURATION
    shown = Shown.DETAILS
