"""Precisions of weights: the words that name them in notation, and the bits of a weight in a compressed file."""

from math import log2
from typing import Final

FLOAT32: Final = "float32"

WORDS = {"w8": "int8", "w4": "int4", "ternary": "ternary", "binary": "binary"}
"""Codes: 8-bit integers with a scale for each output channel, 4-bit ones with one for the layer, -Wn/0/Wp, and -1/1."""

WITH_ZERO = ("int8", "int4", "ternary")
"""Those that have a code for pruned weights."""

FLOAT_BITS = 16
"""Of a number that is no code in a file that has codes."""

LEVEL_BITS = {"int8": 7.6, "int4": 3.7, "ternary": 1.3, "binary": 1.0}
"""Of a kept weight, as the context coder writes trained networks of some 10,000 weights."""


FILE_BYTES = 230
"""Of a file, beside its layers: what images it takes, with ten classes of short names."""

LAYER_BITS = 8 * 30
"""Of a layer, beside its numbers: its notation, how its weight and its bias are stored, levels, and a checksum."""


def layer_bits(precision: str, density: float, *, weights: int, outputs: int) -> int:
    """Expected bits of a layer with so many weights and outputs in a compressed file.

    Of a code: whether the weight is kept, and its level if so. Each output has a bias and, with codes, a scale.
    """
    if precision == FLOAT32:
        return FLOAT_BITS * (weights + outputs) + LAYER_BITS
    kept = -sum(share * log2(share) for share in (density, 1 - density) if share)
    codes = round(weights * (kept + density * LEVEL_BITS[precision]))
    return codes + 2 * FLOAT_BITS * outputs + LAYER_BITS
