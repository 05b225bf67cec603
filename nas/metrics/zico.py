"""How large and steady an untrained network's gradients are (ZiCo, arXiv:2301.11300)."""

from nas.metric import Metric, Shown, Source, metric
from nas.pareto import Better


@metric("zico")
class Zico(Metric):
    label = "ZiCo"
    better = Better.HIGHER
    source = Source.UNTRAINED
    shown = Shown.PRESENT
    order = 52
