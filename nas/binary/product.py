"""Products of packed activations with packed weights, on the fastest level of this machine."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nas.binary.window import Window, borders
from nas.binary.words import WORD_BITS, Integers, Words, pack, pack_planes, unpack
from nas.errors import InvalidArchitectureError
from nas.native import binary
from nas.native.binary import PANEL, Product

POINT = Window()
PIXEL_PLANES = 8


@dataclass(frozen=True)
class Weights:
    """Weights +1 and -1: words [outputs, words] of `bits` values, and the sum of those of each tap [outputs, taps].

    A tap is one position of a convolution's kernel; a matrix has one.
    """

    words: Words
    bits: int
    tap_sums: Integers

    @classmethod
    def of(cls, values: NDArray[np.generic], *, is_dense: bool = False) -> "Weights":
        """The signs of [outputs, inputs], or of [outputs, channels, kernel height, kernel width] as torch has them.

        The channels of each tap begin a new word, as they do in activations; not if is_dense, for rows of pixels.
        """
        outputs, channels, *kernel = values.shape
        taps = int(np.prod(kernel))
        by_tap = np.moveaxis(np.asarray(values).reshape(outputs, channels, taps), 1, 2)
        tap_sums = 2 * (by_tap >= 0).sum(-1, dtype=np.int32) - np.int32(channels)
        words = pack(by_tap.reshape(outputs, -1) if is_dense else by_tap).reshape(outputs, -1)
        return cls(words, channels * taps, tap_sums)

    @property
    def outputs(self) -> int:
        return len(self.words)

    @property
    def padded_bits(self) -> int:
        """Bits of an output with those that fill its words."""
        return int(self.words.shape[1]) * WORD_BITS

    @cached_property
    def panels(self) -> NDArray[np.uint32]:
        """[outputs / 64, 32-bit words, 64]: neighbouring outputs side by side, as the native kernels read them."""
        groups = -(-self.outputs // PANEL)
        filled = np.zeros((groups * PANEL, self.words.shape[1]), np.uint64)
        filled[: self.outputs] = self.words
        return np.ascontiguousarray(filled.view(np.uint32).reshape(groups, PANEL, -1).transpose(0, 2, 1))

    @cached_property
    def signs(self) -> NDArray[np.int8]:
        """[outputs, padded_bits], +1 and -1; the bits that fill the words are -1."""
        return unpack(self.words, self.padded_bits)


def binary_matmul(a: Words, b: Words, bits: int) -> Integers:
    """a @ b.T of values +1 and -1: int32 [m, n] of words [m, ceil(bits / 64)] and [n, ceil(bits / 64)]."""
    row_sums = 2 * np.bitwise_count(b).sum(-1, dtype=np.int32, keepdims=True) - np.int32(bits)
    return sums(a[:, None, None], Weights(b, bits, row_sums))[:, 0, 0]


def sums(x: Words, weights: Weights, window: Window = POINT) -> Integers:
    """The convolution: int32 [images, height, width, outputs].

    x: [images, height, width, words] of values +1 and -1, or [images, height, width, planes, words] of integers p of P
    planes, which stand for the odd numbers 2 p - (2^P - 1), from -(2^P - 1) to 2^P - 1. Padding is 0.
    """
    return _convolution(x, weights, window).sums()


def signs(x: Words, weights: Weights, thresholds: Integers, window: Window = POINT) -> Words:
    """Where `sums` are at least the threshold of their output [outputs]: words [images, height, width, words]."""
    return _convolution(x, weights, window).signs(thresholds)


def pixel_signs(pixels: NDArray[np.uint8], weights: Weights, thresholds: Integers, window: Window = POINT) -> Words:
    """As `signs`, of pixels [images, height, width, channels] and dense weights; a pixel p stands for 2 p - 255."""
    if pixels.shape[3] * window.taps != weights.bits:
        raise InvalidArchitectureError(
            f"weights of {weights.bits} inputs do not fit a window of {window.kernel[0]} x {window.kernel[1]} pixels "
            f"of {pixels.shape[3]} channels"
        )
    rows = window.rows(pixels)
    x = pack_planes(rows.reshape(*rows.shape[:3], -1), PIXEL_PLANES)
    corrections = _corrections(weights, window, pixels.shape, PIXEL_PLANES)
    return _Convolution(x, weights, POINT, corrections).signs(thresholds)


@dataclass(frozen=True)
class _Convolution:
    """x: [images, height, width, planes, words]. corrections: those of `_corrections`."""

    x: Words
    weights: Weights
    window: Window
    corrections: tuple[Integers, Integers] | None

    def sums(self) -> Integers:
        level = binary.level()
        return binary.sums(level, self._native()) if level in binary.NATIVE_LEVELS else self._by_matrix()

    def signs(self, thresholds: Integers) -> Words:
        level = binary.level()
        if level in binary.NATIVE_LEVELS:
            return binary.signs(level, self._native(), np.broadcast_to(thresholds, self.weights.outputs))
        return pack(self._by_matrix() - thresholds)

    def _native(self) -> Product:
        return Product(
            x=np.ascontiguousarray(self.x, np.uint64),
            panels=self.weights.panels,
            outputs=self.weights.outputs,
            bits=self.weights.bits,
            kernel=self.window.kernel,
            stride=self.window.stride,
            padding=self.window.padding,
            size=self.window.size(*self.x.shape[1:3]),
            corrections=self.corrections,
        )

    def _by_matrix(self) -> Integers:
        """Without the native library: products of unpacked values, as 8-bit integers by torch or as floats."""
        rows, columns = self.window.size(*self.x.shape[1:3])
        positions, outputs = len(self.x) * rows * columns, self.weights.outputs
        found = np.zeros((positions, outputs), np.int32)
        for plane in range(self.x.shape[3]):
            taken = self.window.rows(self.x[..., plane, :]).reshape(positions, -1)
            values = unpack(taken, self.weights.padded_bits)
            found += (_matrix_product(values, self.weights) - (values.shape[1] - self.weights.bits)) << plane
        images = found.reshape(len(self.x), rows * columns, outputs)
        if self.corrections:
            classes, corrections = self.corrections
            images += corrections[classes]
        return images.reshape(-1, rows, columns, outputs)


def _convolution(x: Words, weights: Weights, window: Window) -> _Convolution:
    x = x if x.ndim == len("NHWPC") else x[..., None, :]
    if x.shape[4] * window.taps != weights.words.shape[1] or min(window.size(*x.shape[1:3])) < 1:
        raise InvalidArchitectureError(
            f"weights of {weights.words.shape[1]} words do not fit a window of {window.kernel[0]} x {window.kernel[1]} "
            f"pixels of {x.shape[4]} words in an image of {x.shape[1]} x {x.shape[2]}"
        )
    return _Convolution(x, weights, window, _corrections(weights, window, x.shape, x.shape[3]))


def _corrections(
    weights: Weights, window: Window, shape: tuple[int, ...], planes: int
) -> tuple[Integers, Integers] | None:
    """The class of each output position [positions], and what is added to the sums of a class [classes, outputs], as
    bits outside an image stand for the smallest number; None without padding. shape: [images, height, width, ...].
    """
    if not window.padding:
        return None
    classes, outside = borders(window, *shape[1:3])
    return classes, np.ascontiguousarray(((1 << planes) - 1) * (outside @ weights.tap_sums.T), np.int32)


def _matrix_product(values: NDArray[np.int8], weights: Weights) -> Integers:
    """int32 [rows, outputs] of values int8 [rows, padded_bits]."""
    if binary.level() == "fp32":  # exact: sums of fewer than 2^24 ones
        found: NDArray[np.float32] = values.astype(np.float32) @ weights.signs.T.astype(np.float32)
        return found.astype(np.int32)
    import torch  # noqa: PLC0415 - takes seconds, and only this level needs it

    product: Integers = torch._int_mm(  # noqa: SLF001 - torch has no other product of 8-bit integers
        torch.from_numpy(values), torch.from_numpy(weights.signs).T
    ).numpy()
    return product
