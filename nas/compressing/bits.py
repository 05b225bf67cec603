"""Inference of a compressed binary network on packed bits, which gives the scores of its training graph bit for bit.

Batch norm and sign become one integer threshold for each output. The sums of the training graph are exact, as signed
images (nas.compressing.plan) and weights of one bit make them multiples of 1 / 256, so that no order of adding them
rounds; products and sums of a batch norm are rounded here as there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas import ops
from nas.binary.layers import BRIGHTEST, Hidden, PixelLayer, ScoreLayer, binary_layer, pixel_layer, run
from nas.binary.product import Weights
from nas.binary.thresholds import IsOn
from nas.binary.window import Window
from nas.container.file import Container, read
from nas.dataset import Dataset
from nas.errors import CompressionError
from nas.image_set.mapped import chunks
from nas.images.preprocessing import SIGNED_MEAN, SIGNED_STD
from nas.ops import Leaf, Network, Op, Shape
from nas.ops.coded import CodedTensor, Floats
from nas.ops.cost import placed

EXACT = 1 << 24
"""Integers up to this are exact in 32-bit floats."""

UNIT = np.float32(1 / 256)
"""Signed images are odd numbers times this."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BitPacked:
    """A binary network ready to run. Calling it gives scores float32 [N, classes] of pixels uint8 [N, H, W, C]."""

    input: Shape
    first: PixelLayer
    hidden: Sequence[Hidden]
    last: ScoreLayer

    def __call__(self, pixels: Pixels) -> Floats:
        height, width, channels = pixels.shape[1:]
        if (channels, height, width) != self.input:
            raise ValueError(f"the network takes images of {self.input}, not {Shape(channels, height, width)}")
        return run(self.first, self.hidden, self.last, pixels)


def bit_packed(container: Container) -> BitPacked:
    """The network of a compressed file on packed bits. CompressionError says what of it is not binary."""
    channels = container.network.input.channels
    if any(
        container.properties.get(name) != [value] * channels
        for name, value in (("mean", SIGNED_MEAN), ("std", SIGNED_STD))
    ):
        raise CompressionError("its images are not signed; compress it by a plan with `images: signed`")
    layers = list(_layers(container.network))
    if len(layers) < 2 or any(layer.norm.act != "sign" for layer in layers[:-1]) or not layers[-1].scores:  # noqa: PLR2004
        raise CompressionError("it needs layers with batch norm and sign, and a last linear one with batch norm alone")
    first, *hidden, last = layers
    on = _is_on(container, first, BRIGHTEST, UNIT)
    return BitPacked(
        container.network.input,
        pixel_layer(_weight(container, first), on, first.window, first.pool),
        [_hidden(container, layer) for layer in hidden],
        _last(container, last),
    )


def scores_of_file(file: Path, pixels: Pixels) -> Floats:
    """Scores float32 [N, classes] of pixels uint8 [N, H, W, C] by a file; without torch on native kernels."""
    return bit_packed(read(file.read_bytes()))(pixels)


def accuracy_on_bits(file: bytes, dataset: Dataset) -> float | None:
    """Of a compressed file, on the test images and packed bits; None if its network is not binary, or takes
    images of another size: they are resized in floats alone.
    """
    container = read(file)
    if container.network.input.height != dataset.stored_side:
        return None
    try:
        network = bit_packed(container)
    except CompressionError:
        return None
    found = np.concatenate([network(some).argmax(1) for some in chunks(dataset.test.images)])
    return float(np.mean(found == dataset.test.labels))


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution or linear layer on an input of shape x, and what follows: max-pooling, and the batch norm."""

    path: str
    outputs: int
    shape: tuple[int, ...]
    x: Shape
    window: Window
    pool: int
    norm_path: str
    norm: ops.BatchNorm

    @property
    def scores(self) -> bool:
        """Whether it may be the last: its output is a vector of floats."""
        return self.norm.act is None and len(self.shape) == 2 and self.pool == 1  # noqa: PLR2004 - of a linear layer


def _layers(network: Network) -> Iterator[_Layer]:
    """The layers of a binary network."""
    rest = [found for found in _leaves(network.op, network.input, "") if not isinstance(found[1], ops.Dropout)]
    while rest:
        path, op, x = rest.pop(0)
        pool = 1
        if len(rest) > 1 and isinstance(rest[0][1], ops.Pool):
            pool = _pool(rest.pop(0)[1])
        norm_path, norm, _ = rest.pop(0) if rest else ("", None, x)
        if not isinstance(norm, ops.BatchNorm):
            raise CompressionError(f"{path}: no batch norm follows; a binary network has one after each layer")
        shape: tuple[int, ...]
        if isinstance(op, ops.Linear) and op.act is None:
            window, suffix, shape = Window((x.height, x.width)), "linear", (op.out, prod(x))
        elif isinstance(op, ops.Conv) and not op.norm and op.act is None and op.groups == 1:
            window, suffix = Window((op.kernel, op.kernel), op.stride, op.pad), "conv"
            shape = (op.out, x.channels, op.kernel, op.kernel)
        else:
            raise CompressionError(
                f"{path}: bits are for linear layers and convolutions of one group, without activation"
            )
        yield _Layer(f"{path}.{suffix}", op.out, shape, x, window, pool, f"{norm_path}.norm", norm)


def _leaves(op: Op, x: Shape, path: str) -> Iterator[tuple[str, Leaf, Shape]]:
    if isinstance(op, ops.Seq):
        for number, (part, at) in enumerate(placed(op.ops, x)):
            yield from _leaves(part, at, f"{path}.{number}" if path else str(number))
    elif isinstance(op, ops.Concat | ops.Residual) or not isinstance(op, Leaf):
        raise CompressionError(f"{path}: bits are for sequences, without branches")
    else:
        yield path, op, x


def _pool(op: Leaf) -> int:
    if isinstance(op, ops.Pool) and op.kind == "max" and op.kernel == op.stride and not op.pad and not op.ceil:
        return op.kernel
    raise CompressionError("bits are pooled by their largest value, in windows side by side without padding")


def _weight(container: Container, layer: _Layer) -> NDArray[np.int8]:
    """The weights, -1 and 1: [outputs, channels, height, width]."""
    weight, bias = container.layer(layer.path, layer.shape)
    if not isinstance(weight, CodedTensor) or weight.scale is not None or weight.levels.tolist() != [-1, 1]:
        raise CompressionError(
            f"{layer.path}: its weights are not -1 and 1; apply the compressor `binary` to all layers"
        )
    if bias.any():
        raise CompressionError(f"{layer.path}: its bias is not 0, so that its sums are no integers")
    return weight.values().astype(np.int8).reshape(layer.outputs, layer.x.channels, *layer.window.kernel)


def _is_on(container: Container, layer: _Layer, largest: int, unit: np.float32) -> IsOn:
    """The sign of the batch norm of a sum [outputs] times unit, as the training graph rounds it; largest: an input."""
    if largest * prod(layer.shape[1:]) > EXACT:
        raise CompressionError(f"{layer.path}: it adds too many inputs for sums that are exact in 32-bit floats")
    scale, shift = container.norm(layer.norm_path, layer.outputs)
    return lambda sums: sums.astype(np.float32) * unit * scale + shift >= 0


def _hidden(container: Container, layer: _Layer) -> Hidden:
    return binary_layer(_weight(container, layer), _is_on(container, layer, 1, np.float32(1)), layer.window, layer.pool)


def _last(container: Container, layer: _Layer) -> ScoreLayer:
    scale, shift = container.norm(layer.norm_path, layer.outputs)
    return ScoreLayer(Weights.of(_weight(container, layer)), scale, shift, layer.window)
