"""Reading a network as the bytes of its compressed file, as far as they follow from the precisions of its weights."""

from math import prod

from nas.ops import Network
from nas.ops.layers import WeightedLayer, weighted_layers
from nas.ops.notation import write_network
from nas.ops.precisions import FLOAT32, FLOAT_BITS, bits_of_weight

HEADER_BYTES = 230
"""Of a file, beside the notation: what images it takes, with ten classes of short names."""
ENTRY_BYTES = 18
"""Of a layer: how its weight and its bias are stored, and their checksum and levels."""
BIAS_BITS = 16
SCALE_BITS = 16


def is_coded(network: Network) -> bool:
    """Whether some weights of the network are to be codes: its file is a compressed one then."""
    return any(layer.precision != FLOAT32 for layer in weighted_layers(network))


def coded_bytes(network: Network) -> float:
    """Expected bytes of the network's compressed file. That of a trained one is within some percent of it."""
    bits = sum(map(_bits, weighted_layers(network)))
    return HEADER_BYTES + len(write_network(network)) + bits / 8


def _bits(layer: WeightedLayer) -> float:
    if layer.kind == "norm":
        return 2 * layer.outputs * FLOAT_BITS + 8 * ENTRY_BYTES
    scales = layer.outputs * SCALE_BITS if layer.precision != FLOAT32 else 0
    weights = prod(layer.shape) * bits_of_weight(layer.precision, layer.density)
    return weights + scales + layer.outputs * BIAS_BITS + 8 * ENTRY_BYTES
