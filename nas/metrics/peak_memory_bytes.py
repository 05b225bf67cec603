"""The largest set of feature maps alive at once, in 32-bit floats."""

from nas.metric import NetworkMetric, Shown, Style, metric
from nas.pareto import Better


@metric("peak_memory_bytes")
class PeakMemoryBytes(NetworkMetric):
    label = "peak memory"
    unit = "B"
    better = Better.LOWER
    style = Style.PREFIXED
    whole = True
    shown = Shown.DETAILS
    order = 5
