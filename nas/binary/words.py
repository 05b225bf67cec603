"""Values of +1 and -1 as bits in words of 64, and integers as planes of bits."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nas.native import binary, library

Words = NDArray[np.uint64]
Integers = NDArray[np.int32]

WORD_BITS = 64


def pack(values: ArrayLike) -> Words:
    """The signs of values [..., bits] as words [..., ceil(bits / 64)]: bit 1 where a value is 0 or more."""
    return _words(np.asarray(values) >= 0)


def unpack(words: Words, bits: int) -> NDArray[np.int8]:
    """The values +1 and -1 int8 [..., bits] of words [..., ceil(bits / 64)]."""
    octets = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    ones = np.unpackbits(octets, axis=-1, count=bits, bitorder="little")
    return 2 * ones.view(np.int8) - 1


def pack_planes(integers: NDArray[np.uint8], planes: int = 8) -> Words:
    """The `planes` lowest bits (1 to 8) of integers [..., n]: words [..., planes, ceil(n / 64)], lowest first."""
    if library() is not None:
        found = binary.planes(integers.reshape(-1, integers.shape[-1]), planes)
        return found.reshape(*integers.shape[:-1], *found.shape[1:])
    shifts = np.arange(planes, dtype=np.uint8)[:, None]
    return _words(integers[..., None, :] >> shifts & 1)


def _words(ones: NDArray[Any]) -> Words:
    octets = np.packbits(ones, axis=-1, bitorder="little")
    missing = -octets.shape[-1] % (WORD_BITS // 8)
    filled = np.pad(octets, [(0, 0)] * (octets.ndim - 1) + [(0, missing)])
    return np.ascontiguousarray(filled).view("<u8").astype(np.uint64, copy=False)
