"""Kernels and networks as the ONNX models that are measured."""

import hashlib

from latency_db.records import Kind, Signature
from nas.ops import Network, Seq
from nas.ops.kernels import Kernel
from nas.ops.notation import write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model

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
