"""The fraction of validation images that are classified correctly with weights that all networks of the space share."""

from nas.metric import Metric, Shown, Source, Style, metric
from nas.pareto import Better


@metric("shared_accuracy")
class SharedAccuracy(Metric):
    label = "accuracy with shared weights"
    abbreviation = "shared accuracy"
    better = Better.HIGHER
    source = Source.TRAINING
    style = Style.PERCENT
    digits = 2
    shown = Shown.PRESENT
    order = 45
