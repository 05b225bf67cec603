"""Precisions of weights: the words that name them in notation, and the bits of a weight in a compressed file."""

from math import log2
from typing import Final

FLOAT32: Final = "float32"

WORDS = {"w8": "int8", "w4": "int4", "ternary": "ternary", "binary": "binary"}
"""Codes: 8-bit integers with a scale for each output channel, 4-bit ones with one for the layer, -Wn/0/Wp, and -1/1."""

WITH_ZERO = ("int8", "int4", "ternary")
"""Those that have a code for pruned weights."""

FLOAT_BITS = 16
"""Of a weight without codes in a file that has codes for others."""

LEVEL_BITS = {"int8": 7.6, "int4": 3.7, "ternary": 1.3, "binary": 1.0}
"""Of a kept weight, as the context coder writes trained networks of some 10,000 weights."""


def bits_of_weight(precision: str, density: float) -> float:
    """Mean bits of a weight: whether it is kept, and its code if so."""
    if precision == FLOAT32:
        return FLOAT_BITS
    kept = -sum(share * log2(share) for share in (density, 1 - density) if share)
    return kept + density * LEVEL_BITS[precision]
