"""How differently an untrained network reacts to different images (NASWOT, arXiv:2006.04647)."""

from nas.metric import Metric, Shown, Source, metric
from nas.pareto import Better


@metric("naswot")
class Naswot(Metric):
    label = "NASWOT"
    better = Better.HIGHER
    source = Source.UNTRAINED
    shown = Shown.PRESENT
    order = 51
