"""Deep Compression's format (arXiv:1510.00149, sections 2 and 4): relative indices of kept weights, and Huffman codes.

An entry is a kept weight, with the number of pruned ones before it as its index. Where there are more of them than an
index of so many bits can say, a filler entry comes between: the largest index, and a weight that is 0. Indices and
weights have a Huffman code each.

A stream has, in this order: 4 bits, the width of an index in bits; 32 bits, the number of entries; the tables of the
codes of weights and of indices; the weights; the indices. Of weights without a level 0, it has a table and the weights.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from nas.coder import Alphabet, Coder, coder
from nas.errors import FormatError
from nas.huffman import BitReader, BitWriter, Numbers, bits_of, code_lengths
from nas.ops.coded import Codes

WIDTHS = range(1, 11)
"""Bits of an index that are tried. The paper has 4, 5 and 8."""

IndexBits = Annotated[int, Field(ge=WIDTHS[0], le=WIDTHS[-1], description="bits of an index")]


@dataclass(frozen=True, slots=True)
class Entries:
    """Kept weights and fillers in their order: codes [entries], and indices [entries] of so many bits."""

    weights: Numbers
    indices: Numbers
    index_bits: int


def entries(codes: Codes, zero: int, index_bits: int) -> Entries:
    """The entries of codes [size], those that are `zero` being pruned."""
    places = np.flatnonzero(codes != zero)
    return entries_of(np.diff(places, prepend=-1) - 1, codes[places], zero, index_bits)


def entries_of(pruned_before: Numbers, weights: Codes, zero: int, index_bits: int) -> Entries:
    """The entries of kept weights, each with the number of pruned ones between it and the one before."""
    steps = 1 << index_bits
    fillers = pruned_before // steps
    kept = np.cumsum(fillers + 1) - 1
    of_weights = np.full(kept[-1] + 1 if kept.size else 0, zero, np.int64)
    indices = np.full(of_weights.size, steps - 1, np.int64)
    of_weights[kept], indices[kept] = weights, pruned_before % steps
    return Entries(of_weights, indices, index_bits)


def best(codes: Codes, alphabet: Alphabet) -> Entries:
    """The entries in the width that takes the fewest bits, tables left out. alphabet.zero is not None."""
    zero = alphabet.zero or 0
    tried = (entries(codes, zero, width) for width in WIDTHS)
    return min(tried, key=lambda found: bits_of(np.bincount(found.weights)) + bits_of(np.bincount(found.indices)))


@coder("relative_index")
class RelativeIndexCoder(Coder):
    """index_bits: width of an index; None for the one that makes the stream of each layer shortest."""

    number = 1

    def __init__(self, *, index_bits: IndexBits | None = None) -> None:
        self.index_bits = index_bits

    def encode(self, codes: Codes, alphabet: Alphabet) -> bytes:
        writer = BitWriter()
        if alphabet.zero is None:
            weights, indices, index_bits = codes.astype(np.int64), None, 0
        else:
            made = entries(codes, alphabet.zero, self.index_bits) if self.index_bits else best(codes, alphabet)
            weights, indices, index_bits = made.weights, made.indices, made.index_bits
            writer.put(np.array([index_bits, weights.size]), np.array([4, 32]))
        streams = [(weights, alphabet.levels), *([] if indices is None else [(indices, 1 << index_bits)])]
        lengths = [code_lengths(np.bincount(symbols, minlength=count)) for symbols, count in streams]
        for table in lengths:
            writer.put_table(table)
        for (symbols, _), table in zip(streams, lengths, strict=True):
            writer.put_symbols(symbols, table)
        return writer.finish()

    def decode(self, data: bytes, alphabet: Alphabet) -> Codes:
        reader = BitReader(data)
        if alphabet.zero is None:
            weights = reader.take_symbols(alphabet.size, reader.take_table(alphabet.levels))
            reader.finish()
            return np.array(weights, np.uint8)
        index_bits, count = reader.take(4), reader.take(32)
        if index_bits not in WIDTHS or count > alphabet.size:
            raise FormatError("a weight has more entries than weights, or no width of its indices; the file is damaged")
        tables = reader.take_table(alphabet.levels), reader.take_table(1 << index_bits)
        weights, indices = (reader.take_symbols(count, table) for table in tables)
        reader.finish()
        places = np.cumsum(np.array(indices, np.int64) + 1) - 1
        if count and places[-1] >= alphabet.size:
            raise FormatError("entries lie behind the last weight; the file is damaged")
        codes = np.full(alphabet.size, alphabet.zero, np.uint8)
        codes[places] = weights
        return codes
