"""The native kernels of nas.binary, and the level of them that runs."""

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from nas.errors import SpecError
from nas.native import library

VARIABLE = "NAS_BINARY_KERNEL"
NATIVE_LEVELS = ("avx512", "avx2", "neon", "portable")
"""Fastest first; the number of a level in C is its place here."""
PANEL = 64
"""Outputs side by side in a panel of weights: those of one word of an output."""

NO_MEMORY = -1


@dataclass(frozen=True)
class Product:
    """A convolution of packed activations with packed weights, as nas.binary.product describes it.

    x: [images, height, width, planes, words]. size: height and width of the output. corrections: the class of each
    output position [positions], and what is added to the sums of a class [classes, outputs].
    """

    x: NDArray[np.uint64]
    panels: NDArray[np.uint32]
    outputs: int
    bits: int
    kernel: tuple[int, int]
    stride: int
    padding: int
    size: tuple[int, int]
    corrections: tuple[NDArray[np.int32], NDArray[np.int32]] | None


class _Task(ctypes.Structure):
    """`task` of nas/native/src/binary.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("x", "panels", "classes", "corrections", "thresholds", "sums", "signs")),
        *((name, ctypes.c_int64) for name in ("images", "height", "width", "planes", "words", "outputs", "bits")),
        *((name, ctypes.c_int64) for name in ("kernel_height", "kernel_width", "stride", "padding")),
        *((name, ctypes.c_int64) for name in ("out_height", "out_width")),
    )


@cache
def levels() -> tuple[str, ...]:
    """The levels that run on this machine, fastest first; the last two need no native library."""
    native = library()
    present = native.nas_binary_levels() if native else 0
    found = [name for number, name in enumerate(NATIVE_LEVELS) if present >> number & 1]
    return (*found, *(["int8"] if find_spec("torch") else []), "fp32")


def level() -> str:
    """The level that runs: the fastest, or the one that NAS_BINARY_KERNEL names. SpecError if it does not run here."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return levels()[0]
    if wanted not in levels():
        known = ", ".join(levels())
        raise SpecError(f"{VARIABLE}={wanted}: this machine has no such level; unset it, or set one of {known}")
    return wanted


def sums(level: str, product: Product) -> NDArray[np.int32]:
    """int32 [images, height, width, outputs]; of several planes, the sum over n of 2^n * plane n."""
    found = np.empty((len(product.x), *product.size, product.outputs), np.int32)
    _run(level, product, sums=found.ctypes.data)
    return found


def signs(level: str, product: Product, thresholds: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Where the sums are at least the threshold of their output, as words [images, height, width, words]."""
    found = np.empty((len(product.x), *product.size, -(-product.outputs // PANEL)), np.uint64)
    limits = _filled(thresholds, np.iinfo(np.int32).max)
    _run(level, product, signs=found.ctypes.data, thresholds=limits.ctypes.data)
    return found


def planes(integers: NDArray[np.uint8], number: int) -> NDArray[np.uint64]:
    """The `number` lowest bits of integers [rows, count] as words [rows, number, words], on every native level."""
    rows, count = integers.shape
    found = np.empty((rows, number, -(-count // PANEL)), np.uint64)
    read = np.ascontiguousarray(integers)
    sizes = (ctypes.c_int64(size) for size in (rows, count, number))
    _loaded().nas_binary_planes(ctypes.c_void_p(read.ctypes.data), *sizes, ctypes.c_void_p(found.ctypes.data))
    return found


def limit_bits(level: str, rounds: int) -> int:
    """Runs rounds of exclusive or, popcount and addition on vectors in registers, which is the limit of a native level;
    the bits that were counted. Each is a multiplication and an addition of a product.
    """
    call = _loaded().nas_binary_limit
    call.restype = ctypes.c_int64
    return int(call(NATIVE_LEVELS.index(level), ctypes.c_int64(rounds), ctypes.byref(ctypes.c_int32())))


def _loaded() -> ctypes.CDLL:
    native = library()
    if native is None:
        raise SpecError("the native library was not compiled; install nas again where there is a C compiler")
    return native


def _filled(values: NDArray[np.int32], fill: int) -> NDArray[np.int32]:
    """[..., outputs] to [..., whole panels]."""
    missing = -values.shape[-1] % PANEL
    if not missing:
        return np.ascontiguousarray(values)
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)], constant_values=fill)


def _run(level: str, product: Product, **pointers: int) -> None:
    images, height, width, planes, words = product.x.shape
    kernel_height, kernel_width = product.kernel
    classes, corrections = product.corrections or (None, None)
    corrections = None if corrections is None else _filled(corrections, 0)
    task = _Task(
        x=product.x.ctypes.data,
        panels=product.panels.ctypes.data,
        classes=None if classes is None else classes.ctypes.data,
        corrections=None if corrections is None else corrections.ctypes.data,
        images=images,
        height=height,
        width=width,
        planes=planes,
        words=words,
        outputs=product.outputs,
        bits=product.bits,
        kernel_height=kernel_height,
        kernel_width=kernel_width,
        stride=product.stride,
        padding=product.padding,
        out_height=product.size[0],
        out_width=product.size[1],
        **pointers,
    )
    if _loaded().nas_binary_product(NATIVE_LEVELS.index(level), ctypes.byref(task)) == NO_MEMORY:
        raise MemoryError(f"no memory for a binary product of {images} images with {product.outputs} outputs")
