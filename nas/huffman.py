"""Canonical Huffman codes of at most 15 bits: optimal lengths (package-merge), their table, and symbols as bits.

Symbols are numbers from 0. Of two codes, the shorter one comes first, and of equal lengths that of the smaller symbol.
If only one symbol occurs, its code is one bit.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas.errors import FormatError

LONGEST = 15
"""Bits of a code: four bits of the table say a length."""
CHUNK = 1 << 18
"""Symbols that are turned into bits at a time."""

Numbers = NDArray[np.int64]


def code_lengths(counts: Sequence[int] | Numbers) -> Numbers:
    """Bits of each symbol's code, int64 [symbols], for the smallest sum of counts * lengths; 0 if it does not occur.

    At most 2^15 symbols may occur.
    """
    lengths = np.zeros(len(counts), np.int64)
    leaves = sorted((int(count), (symbol,)) for symbol, count in enumerate(counts) if count)
    if len(leaves) == 1:
        lengths[leaves[0][1]] = 1
    merged: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(LONGEST):
        packages = sorted([*leaves, *merged])
        merged = [
            (first[0] + second[0], first[1] + second[1])
            for first, second in zip(packages[::2], packages[1::2], strict=False)
        ]
    for _, symbols in merged[: len(leaves) - 1]:
        np.add.at(lengths, list(symbols), 1)
    return lengths


def bits_of(counts: Numbers) -> int:
    """Bits that symbols with these counts take, without the table."""
    return int((code_lengths(counts) * counts).sum())


class BitWriter:
    """Collects bits, the highest of a value first."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint8]] = []

    def put(self, values: Numbers, widths: Numbers) -> None:
        """Each value in as many bits as its width says."""
        for start in range(0, len(values), CHUNK):
            value, width = values[start : start + CHUNK], widths[start : start + CHUNK]
            begins = np.cumsum(width) - width
            left = np.repeat(width + begins, width) - 1 - np.arange(int(width.sum()))
            self._parts.append((np.repeat(value, width) >> left & 1).astype(np.uint8))

    def put_table(self, lengths: Numbers) -> None:
        """The lengths of a code, four bits each; behind a 0, four bits say how many further ones are 0 too."""
        place, nibbles = 0, []
        while place < len(lengths):
            nibbles.append(int(lengths[place]))
            place += 1
            if nibbles[-1] == 0:
                following = lengths[place : place + 15]
                run = int(np.argmax(np.append(following, 1) != 0))
                nibbles.append(run)
                place += run
        self.put(np.array(nibbles), np.full(len(nibbles), 4))

    def put_symbols(self, symbols: Numbers, lengths: Numbers) -> None:
        self.put(_codes(lengths)[symbols], lengths[symbols])

    def finish(self) -> bytes:
        """All bits, with zeros up to a whole byte."""
        return np.packbits(np.concatenate([*self._parts, np.zeros(0, np.uint8)])).tobytes()


def _codes(lengths: Numbers) -> Numbers:
    """The canonical code of each symbol."""
    codes, code, before = np.zeros(len(lengths), np.int64), 0, 0
    for symbol in np.lexsort((np.arange(len(lengths)), lengths)):
        if length := int(lengths[symbol]):
            code <<= length - before
            codes[symbol], before = code, length
            code += 1
    return codes


class BitReader:
    """Takes values off the front of some bytes. FormatError if they end too early."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0  # in bits

    def take(self, width: int) -> int:
        end = self._place + width
        self._check(end)
        window = int.from_bytes(self._data[self._place // 8 : -(-end // 8)])
        self._place = end
        return window >> (-end % 8) & (1 << width) - 1

    def take_table(self, symbols: int) -> Numbers:
        """The lengths of a code that BitWriter.put_table wrote."""
        lengths: list[int] = []
        while len(lengths) < symbols:
            lengths.append(self.take(4))
            if lengths[-1] == 0:
                lengths += [0] * self.take(4)
        used = [length for length in lengths if length]
        is_complete = sum(1 << LONGEST - length for length in used) == 1 << LONGEST
        if len(lengths) > symbols or not (is_complete or used in ([], [1])):
            raise FormatError("a table of Huffman codes is none; the file is damaged")
        return np.array(lengths, np.int64)

    def take_symbols(self, count: int, lengths: Numbers) -> list[int]:
        """So many symbols with codes of these lengths."""
        longest = int(lengths.max())
        if count and not longest:
            raise FormatError("the codes of a weight have no table; the file is damaged")
        if not count:
            return []
        table: list[tuple[int, int]] = []
        for symbol in np.lexsort((np.arange(len(lengths)), lengths)).tolist():
            if length := int(lengths[symbol]):
                table += [(symbol, length)] * (1 << longest - length)
        table *= (1 << longest) // len(table)  # 2 if there is one symbol only
        self._check(self._place + count)
        data, place, found = self._data, self._place // 8, []
        window, have = 0, -(self._place % 8)
        mask = (1 << longest) - 1
        for _ in range(count):
            while have < longest:  # zeros follow the end; whether it was passed is checked below
                window = (window << 8 | (data[place] if place < len(data) else 0)) & 0xFFFFFFFF
                place += 1
                have += 8
            symbol, length = table[window >> have - longest & mask]
            have -= length
            found.append(symbol)
        self._check(place * 8 - have)
        self._place = place * 8 - have
        return found

    def finish(self) -> None:
        """FormatError if more than the zeros up to a whole byte are left."""
        rest = len(self._data) * 8 - self._place
        if rest >= 8 or (rest and self.take(rest)):  # noqa: PLR2004 - a byte
            raise FormatError("bits follow the end of the codes; the file is damaged")

    def _check(self, end: int) -> None:
        if end > 8 * len(self._data):
            raise FormatError("the codes of a weight end too early; the file is damaged")
