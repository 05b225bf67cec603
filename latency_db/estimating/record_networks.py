"""What the keys of latency records stand for: networks, and their kernels."""

from functools import lru_cache

from nas.errors import NotationError
from nas.ops import Network
from nas.ops.canonical import graph_id
from nas.ops.kernels import Kernel, kernels
from nas.ops.notation import read_network


def network_of(key: str) -> Network | None:
    """The network of a key; None for keys that are not in notation, of ONNX files and of published tables."""
    try:
        return read_network(key)
    except NotationError:
        return None


graph_id_of = lru_cache(maxsize=4096)(graph_id)  # a search asks for the same networks again


def graph_of(key: str) -> str:
    """The graph_id of a key in notation; the key itself of ONNX files and of published tables."""
    network = network_of(key)
    return graph_id(network) if network else key


def kernels_of(key: str) -> list[Kernel]:
    """The kernels of the network of a key; none if it has no network."""
    network = network_of(key)
    return list(kernels(network)) if network else []
