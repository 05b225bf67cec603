"""Layers of a binary network at inference: packed bits in, packed bits out, and pixels before the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nas.binary.product import POINT, Weights, pixel_signs, signs, sums
from nas.binary.thresholds import Folded, IsOn, fold
from nas.binary.window import Window
from nas.binary.words import Words, pack

Pixels = NDArray[np.uint8]
BRIGHTEST = 255


class Hidden(Protocol):
    """A layer between two layers of bits: words [images, height, width, words] in and out."""

    def __call__(self, x: Words) -> Words: ...


@dataclass(frozen=True)
class BinaryLayer:
    """Convolution, max-pooling over `pool` x `pool` pixels, batch norm and sign. `binary_layer` makes one."""

    weights: Weights
    folded: Folded
    window: Window = POINT
    pool: int = 1

    def __call__(self, x: Words) -> Words:
        return _pooled(signs(x, self.weights, self.folded.thresholds, self.window), self.pool, self.folded)


@dataclass(frozen=True)
class PixelLayer:
    """The same on pixels uint8 [images, height, width, channels]. `pixel_layer` makes one."""

    weights: Weights
    folded: Folded
    window: Window = POINT
    pool: int = 1

    def __call__(self, pixels: Pixels) -> Words:
        found = pixel_signs(pixels, self.weights, self.folded.thresholds, self.window)
        return _pooled(found, self.pool, self.folded)


@dataclass(frozen=True)
class ScoreLayer:
    """The last layer: sums * scale + shift, float32 [images, outputs]; scale and shift [outputs]."""

    weights: Weights
    scale: NDArray[np.float32]
    shift: NDArray[np.float32]
    window: Window = POINT

    def __call__(self, x: Words) -> NDArray[np.float32]:
        found = sums(x, self.weights, self.window)[:, 0, 0]
        scores: NDArray[np.float32] = found.astype(np.float32) * self.scale + self.shift
        return scores


def binary_layer(values: NDArray[np.generic], is_on: IsOn, window: Window = POINT, pool: int = 1) -> BinaryLayer:
    """From the weights as torch has them, [outputs, channels, kernel height, kernel width] or [outputs, inputs], whose
    signs count, and from what follows them: see nas.binary.thresholds.

    A linear layer after an image takes [outputs, channels, height, width] and the window Window((height, width)).
    """
    folded = fold(is_on, len(values), int(np.prod(values.shape[1:])))
    return BinaryLayer(Weights.of(_inverted(values, folded)), folded, window, pool)


def pixel_layer(values: NDArray[np.generic], is_on: IsOn, window: Window = POINT, pool: int = 1) -> PixelLayer:
    """As binary_layer. Sums are of pixels as 2 p - 255, which is 255 times what (p / 255 - 0.5) / 0.5 makes of them: of
    mean 0.5 and standard deviation 0.5 in nas. Padding is 0 after that, as in torch.
    """
    folded = fold(is_on, len(values), BRIGHTEST * int(np.prod(values.shape[1:])))
    return PixelLayer(Weights.of(_inverted(values, folded), is_dense=True), folded, window, pool)


def run(
    first: PixelLayer, hidden: Sequence[Hidden], last: ScoreLayer, pixels: Pixels, *, batch: int = 1000
) -> NDArray[np.float32]:
    """Scores [images, outputs] of pixels [images, height, width, channels], `batch` images at a time."""
    scores = []
    for start in range(0, len(pixels), batch):
        x = first(pixels[start : start + batch])
        for layer in hidden:
            x = layer(x)
        scores.append(last(x))
    return np.concatenate(scores)


def _inverted(values: NDArray[np.generic], folded: Folded) -> NDArray[np.int8]:
    """The signs of weights, negated for inverted outputs."""
    positive = (np.asarray(values) >= 0).reshape(len(values), -1) != folded.inverted[:, None]
    signs_of: NDArray[np.int8] = 2 * positive.astype(np.int8) - 1
    return signs_of.reshape(values.shape)


def _pooled(x: Words, pool: int, folded: Folded) -> Words:
    """Max-pooling before batch norm and sign, on bits: one of them is +1, or, where the scale is negative, all are."""
    if pool == 1:
        return x
    images, height, width, words = x.shape
    height, width = height // pool, width // pool
    parts = x[:, : height * pool, : width * pool].reshape(images, height, pool, width, pool, words)
    inverted = pack(np.where(folded.inverted, 1, -1))
    one, every = np.bitwise_or.reduce(parts, (2, 4)), np.bitwise_and.reduce(parts, (2, 4))
    pooled: Words = (one & ~inverted) | (every & inverted)
    return pooled
