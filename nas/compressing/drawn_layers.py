"""Layers that are drawn with the statistics of a row of Deep Compression's tables (arXiv:1510.00149, tables 2 to 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from nas.coders.relative_index import Entries, entries_of
from nas.compressing.accounting import Account, account
from nas.huffman import bits_of

MOST_DRAWN = 100_000
"""Kept weights that statistics are fitted on; all are drawn afterwards."""
HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Reported:
    """A row of the paper's tables: per cent of weights kept, bits of weights before and after Huffman codes, of indices
    after, and sizes in per cent of 32-bit numbers.
    """

    name: str
    kept: float
    weight_bits: int
    weight_huffman: float
    index_huffman: float
    quantized: float
    coded: float


def drawn(layer: Reported, weights: int, index_bits: int, rng: np.random.Generator) -> Account:
    """A layer with these statistics.

    The table rounds the share of kept weights to per cent; it is taken within that rounding where the size after P+Q is
    nearest. Gaps between kept weights follow one law, whose parameter makes the bits of indices those of the table; so
    do the weights.
    """
    bits, zero = layer.weight_bits, (1 << layer.weight_bits) // 2
    share, span = layer.kept / 100, float(layer.quantized * 32 * weights / 100 - (32 << bits)) / (bits + index_bits)
    for _ in range(2):
        tried = min(MOST_DRAWN, max(1, round(share * weights)))
        made = _fitted(layer, share, tried, index_bits, rng)
        share = min(max(span / weights * tried / made.weights.size, layer.kept / 100 - 0.005), layer.kept / 100 + 0.005)
    made = _fitted(layer, share, round(share * weights), index_bits, rng)
    return account(layer.name, weights, made, zero, 1 << bits)


def _fitted(layer: Reported, share: float, kept: int, index_bits: int, rng: np.random.Generator) -> Entries:
    """Entries of so many kept weights, with the layer's bits of indices and weights after Huffman codes."""
    zero = (1 << layer.weight_bits) // 2
    seed, few = int(rng.integers(1 << 32)), min(kept, MOST_DRAWN)

    def entries(contrast: float, count: int) -> Entries:
        gaps = _gaps(share, contrast, count, index_bits, np.random.default_rng(seed))
        return entries_of(gaps, np.ones(count, np.uint8), 0, index_bits)

    def index_bits_with(contrast: float) -> float:
        made = entries(contrast, few)
        return bits_of(np.bincount(made.indices)) / made.indices.size

    made = entries(_crossing(index_bits_with, layer.index_huffman), kept)
    is_filler = made.weights == 0

    def weights_with(sharpness: float, fillers: NDArray[np.bool_]) -> NDArray[np.int64]:
        found = _weights(sharpness, layer.weight_bits, fillers.size, np.random.default_rng(seed))
        return np.where(fillers, zero, found)

    def weight_bits_with(sharpness: float) -> float:
        found = weights_with(sharpness, is_filler[:few])
        return bits_of(np.bincount(found)) / found.size

    sharpness = _crossing(weight_bits_with, layer.weight_huffman)
    return Entries(weights_with(sharpness, is_filler), made.indices, index_bits)


def _gaps(share: float, contrast: float, count: int, index_bits: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Pruned weights before each kept one, (1 - share) / share in the mean.

    contrast: 0 for weights that are kept by chance alone; up to 1 they crowd together, with leaps of nearly the largest
    index between, as from one row of an image to the next.
    """
    leap = max(1, round(0.9 * (1 << index_bits)))
    mean = (1 - share) / share
    leaps = contrast * min(1.0, mean / leap)
    dense = 1 / (1 + mean - leaps * leap)
    return rng.geometric(dense, count) - 1 + leap * (rng.random(count) < leaps)


def _weights(sharpness: float, bits: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Codes of kept weights, from two-sided exponential laws: all levels but 0 alike (sharpness 0) or few (1)."""
    levels = np.arange(1 << bits)
    distance = np.abs(levels - (1 << bits) // 2) / (1 << bits)
    chances = np.exp(distance * (log(1e-60) * sharpness**2))
    chances[(1 << bits) // 2] = 0
    places = np.searchsorted(np.cumsum(chances / chances.sum()), rng.random(count), side="right")
    found: NDArray[np.int64] = np.minimum(places, (1 << bits) - 1)
    return found


def _crossing(falling: Callable[[float], float], target: float) -> float:
    """Where in [0, 1] a function that falls is at the target; an end if it nowhere is."""
    low, high = 0.0, 1.0
    if falling(low) <= target:
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > target else (low, middle)
    return (low + high) / 2
