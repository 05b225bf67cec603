"""The epochs that were trained."""

from nas.metric import Metric, Shown, Source, metric
from nas.pareto import Better


@metric("epochs")
class Epochs(Metric):
    label = "epochs"
    better = Better.LOWER
    source = Source.TRAINING
    whole = True
    shown = Shown.DETAILS
