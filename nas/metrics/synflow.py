"""Signal through all weights at once, before training (SynFlow, arXiv:2006.05467)."""

from nas.metric import Metric, Shown, Source, metric
from nas.pareto import Better


@metric("synflow")
class Synflow(Metric):
    label = "SynFlow"
    better = Better.HIGHER
    source = Source.UNTRAINED
    shown = Shown.PRESENT
    order = 50
