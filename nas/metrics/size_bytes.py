"""The parameters in 32-bit floats, or as codes where the network has such; of a finalist, its file."""

from nas.metric import NetworkMetric, Shown, Style, metric
from nas.ops import Network
from nas.ops.coded_size import coded_bytes, is_coded
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

    def of(self, network: Network, cost: Cost, /) -> float:
        """Of codes what they are expected to take, until the network is trained."""
        return round(coded_bytes(network)) if is_coded(network) else cost.size_bytes
