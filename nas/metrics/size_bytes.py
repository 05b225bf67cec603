"""The parameters in 32-bit floats; of a finalist, its file."""

from nas.metric import NetworkMetric, Shown, Style, metric
from nas.ops import Network
from nas.ops.cost import Cost
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

    def of(self, _: Network, cost: Cost, /) -> float:
        return cost.size_bytes
