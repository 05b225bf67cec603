"""The parameters in 32-bit floats, or the compressed file of a network with codes; of a finalist, its file."""

from nas.metric import NetworkMetric, Shown, Style, metric
from nas.pareto import Better


@metric("size_bytes")
class SizeBytes(NetworkMetric):
    label = "size"
    unit = "B"
    better = Better.LOWER
    style = Style.PREFIXED
    whole = True
    shown = Shown.WIDE
    order = 4
