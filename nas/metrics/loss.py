"""Cross-entropy on the validation images."""

from nas.metric import Metric, Shown, Source, metric
from nas.pareto import Better


@metric("loss")
class Loss(Metric):
    label = "loss"
    better = Better.LOWER
    source = Source.TRAINING
    shown = Shown.DETAILS
