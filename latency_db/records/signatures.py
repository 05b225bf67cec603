"""The ONNX models that are measured for kernels and networks, and their signatures."""

import hashlib
from functools import lru_cache

from latency_db.records.record import Kind, Signature
from nas.ops import Network
from nas.ops.kernels import Kernel
from nas.ops.notation import write_network
from nas.ops.onnx_graph import RandomWeights, onnx_model

_WEIGHTS_SEED = 0


def kernel_signature(kernel: Kernel) -> Signature:
    """Signature of the kernel in its context; the key is the notation of the network that is run."""
    return Signature(write_network(kernel.in_context()), Kind.KERNEL)


def context_signature(kernel: Kernel) -> Signature:
    """Signature of the context without the kernel."""
    return Signature(write_network(kernel.context()), Kind.KERNEL)


@lru_cache(maxsize=4096)  # an estimate asks for those of the same kernels several times
def kernel_signatures(kernel: Kernel) -> tuple[Signature, Signature]:
    """The two models measured for a kernel: the kernel in its context, and the context alone."""
    return kernel_signature(kernel), context_signature(kernel)


def network_signature(network: Network) -> Signature:
    return Signature(write_network(network), Kind.NETWORK)


def network_model(network: Network) -> bytes:
    """The ONNX model of network, with random weights."""
    model: bytes = onnx_model(network, RandomWeights(_WEIGHTS_SEED)).SerializeToString()
    return model


def onnx_signature(model: bytes) -> Signature:
    """Signature of an ONNX file that is measured as it is."""
    return Signature(f"sha256:{hashlib.sha256(model).hexdigest()}", Kind.NETWORK)
