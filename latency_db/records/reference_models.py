"""The two models of every session, as files: they never change, and a device without onnx can load them."""

from pathlib import Path

from latency_db.records.record import Kind, Signature
from nas.ops.notation import read_network, write_network

EMPTY = read_network("1x1x1: id")
"""Does nothing: its latency is the fixed cost of one run."""

REFERENCE = read_network(
    "3x32x32: conv_16_k3_s2 [conv_16_k3_g16 conv_24] [conv_72 conv_72_k3_s2_g72 conv_32_linear] "
    "res([conv_96 conv_96_k5_g96 conv_32_linear]) gap linear_10"
)
"""Measured in every session: its drift shows how steady the machine was. Changing it makes sessions incomparable."""

FIXED_KEYS = tuple(write_network(network) for network in (EMPTY, REFERENCE))
"""Keys of the models that every session measures in addition to those requested."""

EMPTY_KERNEL, EMPTY_NETWORK, REFERENCE_NETWORK = (
    Signature(key, kind)
    for key, kind in zip((FIXED_KEYS[0], *FIXED_KEYS), (Kind.KERNEL, Kind.NETWORK, Kind.NETWORK), strict=True)
)

FIXED = (EMPTY_KERNEL, EMPTY_NETWORK, REFERENCE_NETWORK)
_FILES = {EMPTY_KERNEL: "empty.onnx", EMPTY_NETWORK: "empty.onnx", REFERENCE_NETWORK: "reference.onnx"}


def fixed_models() -> dict[Signature, bytes]:
    """The empty model, run as a kernel and as a network, and the reference network."""
    return {signature: Path(__file__).with_name(name).read_bytes() for signature, name in _FILES.items()}
