"""Context coder: a binary range coder whose probabilities come from what was already coded around each weight.

Each weight is a decision whether it is kept and, if it is, the bits of its level from the highest on. Five contexts
predict each bit with adaptive counters, and a logistic mixer of integers weighs them (as the public-domain lpaq does).
All arithmetic is in integers, so that the bytes are the same on every machine. This module is the definition; the
native library (nas.native) does the same faster, and is used where it is there.
"""

from collections.abc import Sequence

import numpy as np

from nas.coder import Alphabet, Coder, coder
from nas.native import context_coder, library
from nas.ops.coded import Codes

HALF = 1 << 15
"""A probability of one half: probabilities are of a 1, in 1/65536."""
COUNT_LIMIT = 1023
FIRST_WEIGHT = 15_000
"""Of each context in the mixer, in 1/65536; five of them are a little more than 1."""
CLASSES = 16
"""Of a share."""
SYMBOL_CLASSES = 9
"""0 for a pruned weight, 1 to 8 for the top three bits of a symbol."""
STRETCH_END = 2047

SQUASH = (
    *(22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768),
    *(40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514),
)
"""65536 / (1 + exp(-x / 256)) for x = -2048, -1920, ..., 2048."""


def squash(x: int) -> int:
    """Probability in 1/65536 for a logit x in 1/256, interpolated."""
    place, rest = divmod(min(max(x, -STRETCH_END), STRETCH_END) + 2048, 128)
    return (SQUASH[place] * (128 - rest) + SQUASH[place + 1] * rest + 64) >> 7


def _stretch() -> list[int]:
    """The inverse of squash, by the upper 12 bits of the probability."""
    table, x = [], -STRETCH_END
    for p in range(4096):
        while x < STRETCH_END and squash(x) < p * 16 + 8:
            x += 1
        table.append(x)
    return table


STRETCH = _stretch()


class _Coding:
    """The range coder: the interval [low, high] of 32 bits that the stream so far stands for."""

    def __init__(self, stream: bytes | None) -> None:
        self.low, self.high = 0, 0xFFFFFFFF
        self.stream, self.place, self.out = stream, 4, bytearray()
        self.value = int.from_bytes((stream or b"")[:4].ljust(4, b"\0"))

    def code(self, bit: int, p: int) -> int:
        """Write a bit whose probability of 1 is p, or read and return one."""
        middle = self.low + ((self.high - self.low) * p >> 16)
        if self.stream is not None:
            bit = int(self.value <= middle)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        while not (self.low ^ self.high) >> 24:
            if self.stream is None:
                self.out.append(self.high >> 24)
            else:  # zeros follow the end
                byte = self.stream[self.place] if self.place < len(self.stream) else 0
                self.value = (self.value << 8 | byte) & 0xFFFFFFFF
                self.place += 1
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = self.high << 8 & 0xFFFFFFFF | 0xFF
        return bit

    def finish(self) -> bytes:
        """The stream, with the fewest bytes that, zeros behind them, lie in the interval."""
        for count in range(5):
            below = 0xFFFFFFFF >> 8 * count
            end = (self.low + below) & ~below
            if end <= self.high:
                break
        return bytes(self.out + end.to_bytes(4)[:count]).rstrip(b"\0")


class _Predictor:
    """Adaptive counters in five contexts, and mixers."""

    def __init__(self, sizes: Sequence[int], mixers: int) -> None:
        self.probabilities = [[HALF] * size for size in sizes]
        self.counts = [[0] * size for size in sizes]
        self.mixers = [[FIRST_WEIGHT] * len(sizes) for _ in range(mixers)]

    def code(self, coding: _Coding, bit: int, places: Sequence[int], mixer: int) -> int:
        """Code a bit in these contexts, and learn it."""
        weights = self.mixers[mixer]
        inputs = [STRETCH[table[at] >> 4] for table, at in zip(self.probabilities, places, strict=True)]
        p = squash(sum(weight * x for weight, x in zip(weights, inputs, strict=True)) >> 16)
        bit = coding.code(bit, p)
        error, target = bit * 65536 - p, bit * 65535
        for i, at in enumerate(places):
            table, counts = self.probabilities[i], self.counts[i]
            weights[i] += (inputs[i] * error + HALF) >> 16
            table[at] += (target - table[at]) * (65536 // (counts[at] + 2)) >> 16
            counts[at] = min(counts[at] + 1, COUNT_LIMIT)
        return bit


def share(count: int, of: int) -> int:
    """Class 0 to 15 of the share count / of; a count beyond `of` is in the last."""
    if of == 0:
        return 0
    if count == 0:
        return 1 + (of > 8) + (of > 64)  # noqa: PLR2004 - the definition
    return min(4 + (count * 1024 // of).bit_length(), CLASSES - 1)


class _Tensor:
    """A tensor in the course of being coded. Symbols are known by their class; 0 is a pruned weight."""

    def __init__(self, codes: list[int], alphabet: Alphabet, coding: _Coding) -> None:
        self.codes, self.zero, self.coding = codes, alphabet.zero, coding
        self.outputs, (channels, self.height, self.width) = alphabet.outputs, alphabet.field
        self.plane = self.height * self.width
        self.columns = channels * self.plane
        self.symbols = alphabet.levels - (alphabet.zero is not None)
        self.bits = max(0, self.symbols - 1).bit_length()
        nodes = 1 << self.bits
        pairs = nodes * SYMBOL_CLASSES**2
        of_value = (pairs, nodes * SYMBOL_CLASSES, nodes * CLASSES**2, nodes * SYMBOL_CLASSES, pairs)
        self.kept = _Predictor((self.columns, self.outputs, 128 * CLASSES, 4 * CLASSES**2, 8 * CLASSES**2), 1)
        self.value = _Predictor(of_value, nodes)
        self.counts = [0] * self.columns  # kept weights of earlier outputs
        self.above = [0] * self.columns  # the last symbol of earlier outputs that was kept
        self.row = [0] * self.columns  # symbols of this output; what is ahead is of the one before, and not read

    def run(self) -> None:
        """Write all codes, or replace them by those that are read. Of weights that are all pruned, nothing is coded."""
        for output in range(self.outputs if self.symbols else 0):
            filled, last = 0, 0
            for j in range(self.columns):
                self.row[j] = self._weight(output, j, filled, last)
                if self.row[j]:
                    last = self.above[j] = self.row[j]
                    self.counts[j] += 1
                    filled += 1

    def _weight(self, output: int, j: int, filled_count: int, last: int) -> int:
        """Code the weight of an output at column j; returns the class of its symbol."""
        row, width = self.row, self.width
        y, x = divmod(j % self.plane, width)
        left, up = row[j - 1] if x else 0, row[j - width] if y else 0
        up_left = row[j - width - 1] if x and y else 0
        up_right = row[j - width + 1] if y and x + 1 < width else 0
        column, filled = share(self.counts[j], output), share(filled_count, j)
        place = output * self.columns + j
        if self.zero is not None:
            deep, deeper = (j >= n * self.plane and row[j - n * self.plane] > 0 for n in (1, 2))
            flags = (left > 0, x > 1 and row[j - 2] > 0, up > 0, up_left > 0, up_right > 0, deep, deeper)
            around = sum(flag << number for number, flag in enumerate(flags))
            near = self._share_beside(output, j, y, x)
            places = (
                j,
                output,
                around * CLASSES + column,
                (near * CLASSES + filled) * 4 + ((left > 0) | (up > 0) << 1),
                (column * CLASSES + filled) * 8 + (left > 0) + (up > 0) + (up_left > 0) + (up_right > 0) + deep,
            )
            if not self.kept.code(self.coding, int(self.codes[place] != self.zero), places, 0):
                self.codes[place] = self.zero
                return 0
        pruned_below = self.zero is not None and self.codes[place] > self.zero
        symbol, node = self.codes[place] - pruned_below, 1
        for bit in reversed(range(self.bits)):
            places = (
                (node * SYMBOL_CLASSES + left) * SYMBOL_CLASSES + up,
                node * SYMBOL_CLASSES + last,
                (node * CLASSES + column) * CLASSES + filled,
                node * SYMBOL_CLASSES + self.above[j],
                (node * SYMBOL_CLASSES + up_left) * SYMBOL_CLASSES + up_right,
            )
            node = node * 2 + self.value.code(self.coding, symbol >> bit & 1, places, node)
        symbol = min(node - (1 << self.bits), self.symbols - 1)  # larger only in a damaged stream
        self.codes[place] = symbol + (self.zero is not None and symbol >= self.zero)
        return 1 + (symbol >> max(0, self.bits - 3))

    def _share_beside(self, output: int, j: int, y: int, x: int) -> int:
        """Share of kept weights in the columns beside column j, as far as they are known."""
        steps = ((-1, x > 0), (1, x + 1 < self.width), (-self.width, y > 0), (self.width, y + 1 < self.height))
        counts = [self.counts[j + step] for step, is_there in steps if is_there]
        return share(sum(counts), output * len(counts))


@coder("context")
class ContextCoder(Coder):
    """Adapts to the density of rows, columns and neighbourhoods, and to the values of neighbours."""

    number = 2

    def encode(self, codes: Codes, alphabet: Alphabet) -> bytes:
        if native := library():
            return context_coder.encode(native, codes, alphabet)
        return encode(codes, alphabet)

    def decode(self, data: bytes, alphabet: Alphabet) -> Codes:
        if native := library():
            return context_coder.decode(native, data, alphabet)
        return decode(data, alphabet)


def encode(codes: Codes, alphabet: Alphabet) -> bytes:
    """What ContextCoder.encode returns, in Python alone."""
    coding = _Coding(None)
    _Tensor(codes.tolist(), alphabet, coding).run()
    return coding.finish()


def decode(data: bytes, alphabet: Alphabet) -> Codes:
    """What ContextCoder.decode returns, in Python alone."""
    codes = [alphabet.zero or 0] * alphabet.size
    _Tensor(codes, alphabet, _Coding(data)).run()
    return np.array(codes, np.uint8)
