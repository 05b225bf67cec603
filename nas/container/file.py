"""Writing and reading a compressed file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nas.coder import coder
from nas.container.entries import Entry, Precision, coded_entry, declared, float_entry, linear, read_entry
from nas.container.fields import Reader, checksum, text, varint
from nas.errors import FormatError, InvalidArchitectureError, NotationError
from nas.ops import Network, Shape
from nas.ops.coded import CodedTensor, Floats
from nas.ops.cost import network_cost
from nas.ops.layers import WeightedLayer, weighted_layers
from nas.ops.limits import MAX_PARAMS
from nas.ops.notation import read_network, write_network
from nas.ops.weights import Weights

MAGIC = b"NAZ\x01"
CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True)
class Storage:
    """How a model is stored.

    coder: of the codes (nas.coders), by name or as `{"name": ..., **parameters}`. half: scales, levels and numbers
    without codes in 16 bits. bias_bits: biases as codes of so many bits between the smallest and the largest of their
    layer; None as numbers.
    """

    coder: str | Mapping[str, Any] = "raw"
    half: bool = False
    bias_bits: int | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """What a compressed file holds. It is a source of weights for the ONNX reading, with batch norms folded.

    tensors: weight and bias of each layer by its path. sizes: bytes of the file by component; they add up to its size.
    layer_bytes: of the payload, by path.
    """

    network: Network
    properties: Mapping[str, Any]
    tensors: Mapping[str, tuple[Floats | CodedTensor, Floats]]
    sizes: Mapping[str, int] = field(default_factory=dict)
    layer_bytes: Mapping[str, int] = field(default_factory=dict)

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Floats | CodedTensor, Floats]:
        """Weight of this shape and bias [shape[0]] of the layer at path."""
        weight, bias = self.tensors[path]
        if weight.shape != shape:
            raise ValueError(f"{path} is {weight.shape}, the network needs {shape}")
        return weight, bias

    def folded(self, path: str, shape: tuple[int, ...]) -> tuple[Floats | CodedTensor, Floats]:
        """Those of the convolution `path.conv` with its batch norm."""
        return self.layer(f"{path}.conv", shape)

    def norm(self, path: str, channels: int) -> tuple[Floats, Floats]:
        """Scale and shift [channels] of the batch norm at path."""
        scale, shift = self.layer(path, (channels,))
        return scale.values() if isinstance(scale, CodedTensor) else scale, shift


@dataclass(frozen=True, slots=True)
class Expanded:
    """The weights of a container as 32-bit floats."""

    container: Container

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        weight, bias = self.container.layer(path, shape)
        return weight.values() if isinstance(weight, CodedTensor) else weight, bias

    def folded(self, path: str, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        return self.layer(f"{path}.conv", shape)

    def norm(self, path: str, channels: int) -> tuple[Floats, Floats]:
        return self.container.norm(path, channels)


def write(network: Network, weights: Weights, properties: Mapping[str, Any], storage: Storage) -> bytes:
    """The network with its weights as a compressed file."""
    precision = Precision(storage.half)
    manifest, payload = text(write_network(network)) + text(json.dumps(properties, separators=(",", ":"))), b""
    for layer in weighted_layers(network):
        weight, bias = _tensors(weights, layer)
        entries = (
            _weight_entry(weight, layer.field, storage, precision),
            float_entry(bias, precision) if layer.kind == "norm" else _bias_entry(bias, storage, precision),
        )
        manifest += b"".join(entry.manifest for entry in entries)
        manifest += checksum(*(entry.content for entry in entries))
        payload += b"".join(part for entry in entries for part in entry.payload.values())
    return MAGIC + varint(len(manifest)) + manifest + checksum(manifest) + payload


def _tensors(weights: Weights, layer: WeightedLayer) -> tuple[Floats | CodedTensor, Floats]:
    if layer.kind == "norm":
        return weights.norm(layer.path, layer.outputs)
    if layer.folds:
        return weights.folded(layer.path.removesuffix(".conv"), layer.shape)
    return weights.layer(layer.path, layer.shape)


def _weight_entry(weight: Floats | CodedTensor, around: Shape, storage: Storage, precision: Precision) -> Entry:
    if isinstance(weight, CodedTensor):
        return coded_entry(weight, around, coder.make(storage.coder), precision)
    return float_entry(weight, precision)


def weight_bytes(weight: CodedTensor, layer: WeightedLayer, storage: Storage) -> int:
    """Bytes of a layer's weight in a file, of payload and manifest."""
    if layer.folds:  # the factors of the batch norm
        weight = weight.scaled(np.ones(layer.outputs, np.float32))
    entry = _weight_entry(weight, layer.field, storage, Precision(storage.half))
    return len(entry.manifest) + sum(map(len, entry.payload.values()))


def _bias_entry(bias: Floats, storage: Storage, precision: Precision) -> Entry:
    if storage.bias_bits is None or len(np.unique(bias)) < 2:  # noqa: PLR2004 - nothing to spread
        return float_entry(bias, precision)
    count = 1 << storage.bias_bits
    levels = np.unique(linear(float(bias.min()), float(np.ptp(bias)) / (count - 1), count))
    codes = np.abs(bias[:, None] - levels).argmin(1).astype(np.uint8)
    return coded_entry(CodedTensor(codes, levels), Shape(1, 1, 1), coder.make("raw"), precision)  # too few to adapt to


def read(data: bytes, max_params: int = MAX_PARAMS) -> Container:
    """The content of a compressed file.

    FormatError says why it cannot be read. What is allocated at once is at most 1 MiB, and 128 bytes for each byte of
    the file and for each of max_params, the largest number of parameters that its network may have.
    """
    if not data.startswith(MAGIC):
        known = data[:3] == MAGIC[:3]
        raise FormatError("it is of a later version; update nas" if known else "it is no compressed file of nas (.naz)")
    whole = Reader(data[len(MAGIC) :])
    head = whole.take(whole.varint())
    if checksum(head) != whole.take(CHECKSUM_BYTES):
        raise FormatError("its manifest is damaged; copy the whole file again")
    manifest = Reader(head)
    network, properties = _network(manifest.text(), max_params), _properties(manifest.text())
    tensors: dict[str, tuple[Floats | CodedTensor, Floats]] = {}
    sizes, layer_bytes = {"header": len(data) - whole.left, "weights": 0, "biases": 0}, {}
    for layer in weighted_layers(network):
        entries = declared(manifest), declared(manifest)
        before = whole.left
        weight, content = read_entry(entries[0], whole, layer.shape, layer.field)
        between = whole.left
        bias, more = read_entry(entries[1], whole, layer.shape[:1], Shape(1, 1, 1))
        sizes["weights"] += before - between
        sizes["biases"] += between - whole.left
        layer_bytes[layer.path] = before - whole.left
        if checksum(content, more) != manifest.take(CHECKSUM_BYTES):
            raise FormatError(f"the weights of layer {layer.path} are damaged; copy the whole file again")
        tensors[layer.path] = weight, bias.values() if isinstance(bias, CodedTensor) else bias
    if whole.left or manifest.left:
        raise FormatError(f"{whole.left + manifest.left} bytes follow its end; copy the whole file again")
    return Container(network, properties, tensors, sizes, layer_bytes)


def _network(notation: str, max_params: int) -> Network:
    try:
        network = read_network(notation)
        params = network_cost(network).params
    except (NotationError, InvalidArchitectureError) as error:
        raise FormatError(f"its network cannot be built: {error}") from None
    if params > max_params:
        raise FormatError(f"its network has {params:,} parameters; at most {max_params:,} are read")
    return network


def _properties(written: str) -> Mapping[str, Any]:
    try:
        properties = json.loads(written)
    except (ValueError, RecursionError):  # ValueError also of an integer with thousands of digits
        properties = None
    if not isinstance(properties, dict):
        raise FormatError("its properties are not a JSON object; the file is damaged")
    return properties
