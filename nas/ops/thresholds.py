"""A batch norm and the sign after it as one comparison (arXiv:1602.02830, section 1.3)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LARGEST = 0x7F7FFFFF
"""The bits of the largest finite float32."""


class Thresholds(NamedTuple):
    """By channel, float32 [C]: the sign is `above` where x >= threshold, and `below` elsewhere. A threshold may be
    infinite.
    """

    threshold: Floats
    above: Floats
    below: Floats


def thresholds(scale: Floats, shift: Floats) -> Thresholds:
    """The sign of scale x + shift, both [C], as a comparison that is equal for every finite float32 x.

    It is so bit for bit, as product and sum are rounded as in float32: rounding keeps the order, so that the sign
    changes at most once, and where it does is found by bisection over all floats. A negative scale turns the sides.
    """
    rising = scale >= 0
    last = np.full(scale.shape, -_LARGEST - 1)
    first = np.full(scale.shape, _LARGEST + 1)
    while (first - last > 1).any():
        middle = ((first + last) // 2).clip(-_LARGEST, _LARGEST)  # past an end where a channel is found
        with np.errstate(over="ignore"):
            reached = (_float(middle) * scale + shift >= 0) == rising
        first, last = np.where(reached, middle, first), np.where(reached, last, middle)
    found = np.select([first > _LARGEST, first == -_LARGEST], [np.float32(np.inf), np.float32(-np.inf)], _float(first))
    above = np.where(rising, np.float32(1), np.float32(-1))
    return Thresholds(found, above, -above)


def _float(place: NDArray[np.int64]) -> Floats:
    """The float32 at a place in the order of all of them; 0 is at 0."""
    bits = np.abs(place) | np.where(place < 0, 1 << 31, 0)
    return bits.astype(np.uint32).view(np.float32)
