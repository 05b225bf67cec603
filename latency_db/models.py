"""Kernels and networks as the ONNX models that are measured, and the two fixed ones of every session."""

import hashlib

from latency_db.records import Kind, Signature
from nas.ops import Network, Seq
from nas.ops.kernels import Kernel
from nas.ops.notation import read_network, write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model

EMPTY = read_network("1x1x1: id")
"""Does nothing: its time is the fixed cost of one run."""

REFERENCE = read_network(
    "3x32x32: conv_16_k3_s2 [conv_16_k3_g16 conv_24] [conv_72 conv_72_k3_s2_g72 conv_32_linear] "
    "res([conv_96 conv_96_k5_g96 conv_32_linear]) gap linear_10"
)
"""Measured in every session: its drift tells how steady the machine was. Changing it makes sessions incomparable."""

FIXED_KEYS = tuple(write_network(network) for network in (EMPTY, REFERENCE))
"""Keys of what every session measures besides what was asked for."""

_WEIGHTS_SEED = 0


def kernel_signature(kernel: Kernel) -> Signature:
    return Signature(kernel.key, Kind.KERNEL)


def network_signature(network: Network) -> Signature:
    return Signature(write_network(network), Kind.NETWORK)


def network_model(network: Network) -> bytes:
    """The ONNX model of network, with random weights."""
    model: bytes = onnx_model(network, RandomWeights(_WEIGHTS_SEED)).SerializeToString()
    return model


def kernel_model(kernel: Kernel) -> bytes:
    """The ONNX model of one kernel on its own, with random weights."""
    return network_model(Network(Seq((kernel.op,)), kernel.x))


def onnx_signature(model: bytes) -> Signature:
    """Of an ONNX file that is measured as it is."""
    return Signature(f"sha256:{hashlib.sha256(model).hexdigest()}", Kind.NETWORK)
