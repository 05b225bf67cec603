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
RATES = [65536 // (count + 2) for count in range(COUNT_LIMIT + 1)]
"""How fast a counter learns, in 1/65536, by the bits that it has seen."""
NEXT = [*range(1, COUNT_LIMIT + 1), COUNT_LIMIT]
"""The bits that a counter has seen after one more."""
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


def _squash(x: int) -> int:
    place, rest = divmod(x + 2048, 128)
    return (SQUASH[place] * (128 - rest) + SQUASH[place + 1] * rest + 64) >> 7


SQUASHED = [_squash(x) for x in range(-STRETCH_END, STRETCH_END + 1)]


def squash(x: int) -> int:
    """Probability in 1/65536 for a logit x in 1/256, interpolated."""
    if x > STRETCH_END:
        return SQUASHED[-1]
    return SQUASHED[x + STRETCH_END] if x >= -STRETCH_END else SQUASHED[0]


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
        low, high = self.low, self.high
        middle = low + ((high - low) * p >> 16)
        if self.stream is not None:
            bit = int(self.value <= middle)
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        while not (self.low ^ self.high) >> 24:
            self._shift()
        return bit

    def _shift(self) -> None:
        """Write or read the byte that low and high have in common."""
        if self.stream is None:
            self.out.append(self.high >> 24)
        else:  # zeros follow the end
            byte = self.stream[self.place] if self.place < len(self.stream) else 0
            self.value = (self.value << 8 | byte) & 0xFFFFFFFF
            self.place += 1
        self.low = self.low << 8 & 0xFFFFFFFF
        self.high = self.high << 8 & 0xFFFFFFFF | 0xFF

    def finish(self) -> bytes:
        """The stream, with the fewest bytes that, zeros behind them, lie in the interval."""
        for count in range(5):
            below = 0xFFFFFFFF >> 8 * count
            end = (self.low + below) & ~below
            if end <= self.high:
                break
        return bytes(self.out + end.to_bytes(4)[:count]).rstrip(b"\0")


class _Predictor:
    """Adaptive counters in five contexts, and mixers. What is done for each context is written out, not in loops, as
    that takes half the time.
    """

    def __init__(self, sizes: Sequence[int], mixers: int) -> None:
        self.probabilities = [[HALF] * size for size in sizes]
        self.counts = [[0] * size for size in sizes]
        self.mixers = [[FIRST_WEIGHT] * len(sizes) for _ in range(mixers)]

    def code(self, coding: _Coding, bit: int, places: tuple[int, int, int, int, int], mixer: int) -> int:
        """Code a bit in these contexts, and learn it."""
        a, b, c, d, e = places
        in_a, in_b, in_c, in_d, in_e = self.probabilities
        p_a, p_b, p_c, p_d, p_e = in_a[a], in_b[b], in_c[c], in_d[d], in_e[e]
        x_a, x_b, x_c = STRETCH[p_a >> 4], STRETCH[p_b >> 4], STRETCH[p_c >> 4]
        x_d, x_e = STRETCH[p_d >> 4], STRETCH[p_e >> 4]
        w_a, w_b, w_c, w_d, w_e = weights = self.mixers[mixer]
        p = squash((w_a * x_a + w_b * x_b + w_c * x_c + w_d * x_d + w_e * x_e) >> 16)
        bit = coding.code(bit, p)
        error, target = (65536 - p, 65535) if bit else (-p, 0)
        weights[:] = (
            w_a + ((x_a * error + HALF) >> 16),
            w_b + ((x_b * error + HALF) >> 16),
            w_c + ((x_c * error + HALF) >> 16),
            w_d + ((x_d * error + HALF) >> 16),
            w_e + ((x_e * error + HALF) >> 16),
        )
        n_a, n_b, n_c, n_d, n_e = self.counts
        in_a[a] = p_a + ((target - p_a) * RATES[n_a[a]] >> 16)
        in_b[b] = p_b + ((target - p_b) * RATES[n_b[b]] >> 16)
        in_c[c] = p_c + ((target - p_c) * RATES[n_c[c]] >> 16)
        in_d[d] = p_d + ((target - p_d) * RATES[n_d[d]] >> 16)
        in_e[e] = p_e + ((target - p_e) * RATES[n_e[e]] >> 16)
        n_a[a], n_b[b], n_c[c] = NEXT[n_a[a]], NEXT[n_b[b]], NEXT[n_c[c]]
        n_d[d], n_e[e] = NEXT[n_d[d]], NEXT[n_e[e]]
        return bit


def share(count: int, of: int) -> int:
    """Class 0 to 15 of the share count / of; a count beyond `of` is in the last."""
    if count and of:
        found = 4 + (count * 1024 // of).bit_length()
        return found if found < CLASSES else CLASSES - 1
    return (1 + (of > 8) + (of > 64)) if of else 0  # noqa: PLR2004 - the definition


class _Tensor:
    """A tensor in the course of being coded. Symbols are known by their class; 0 is a pruned weight.

    Lists by column lie as the channels' planes do, with a row above and two columns before each that are always 0: what
    lies outside counts as pruned. Two empty planes come before the first one.
    """

    def __init__(self, codes: bytearray, alphabet: Alphabet, coding: _Coding) -> None:
        self.codes, self.coding, self.zero = codes, coding, -1 if alphabet.zero is None else alphabet.zero
        self.output = self.place = 0  # of the weight that is coded next
        self.outputs, (self.channels, self.height, self.width) = alphabet.outputs, alphabet.field
        self.stride = self.width + 2
        self.plane = (self.height + 1) * self.stride
        self.symbols = alphabet.levels - (alphabet.zero is not None)
        self.bits = max(0, self.symbols - 1).bit_length()
        columns, nodes = self.channels * self.height * self.width, 1 << self.bits
        pairs = nodes * SYMBOL_CLASSES**2
        of_value = (pairs, nodes * SYMBOL_CLASSES, nodes * CLASSES**2, nodes * SYMBOL_CLASSES, pairs)
        self.kept = _Predictor((columns, self.outputs, 128 * CLASSES, 4 * CLASSES**2, 8 * CLASSES**2), 1)
        self.value = _Predictor(of_value, nodes)
        cells = (self.channels + 2) * self.plane + self.stride + 1
        self.counts = [0] * cells  # kept weights of earlier outputs
        self.above = bytearray(cells)  # the last symbol of earlier outputs that was kept
        self.row = bytearray(cells)  # symbols of this output; what is ahead is of the one before, and not read

    def run(self) -> None:
        """Write all codes, or replace them by those that are read. Of weights that are all pruned, nothing is coded."""
        while self.symbols and self.output < self.outputs:
            self._code_output()
            self.output += 1

    def _code_output(self) -> None:
        kept = last = j = 0
        for channel in range(self.channels):
            for y in range(self.height):
                first = (channel + 2) * self.plane + (y + 1) * self.stride + 2
                beside = (y > 0) + (y + 1 < self.height)
                for at in range(first, first + self.width):
                    x = at - first
                    column, filled = share(self.counts[at], self.output), share(kept, j)
                    columns = beside + (x > 0) + (x + 1 < self.width)
                    if self.zero < 0 or self._is_kept(j, at, column, filled, columns):
                        last = self.row[at] = self.above[at] = self._value(at, column, filled, last)
                        self.counts[at] += 1
                        kept += 1
                    else:
                        self.row[at] = 0
                    self.place += 1
                    j += 1

    def _is_kept(self, j: int, at: int, column: int, filled: int, columns: int) -> int:
        """Code whether the weight at column j is kept, which so many columns are beside."""
        row, counts, stride = self.row, self.counts, self.stride
        left, up = row[at - 1] > 0, row[at - stride] > 0
        up_left, up_right = row[at - stride - 1] > 0, row[at - stride + 1] > 0
        deep, deeper = row[at - self.plane] > 0, row[at - 2 * self.plane] > 0
        around = left | (row[at - 2] > 0) << 1 | up << 2 | up_left << 3 | up_right << 4 | deep << 5 | deeper << 6
        near = counts[at - 1] + counts[at + 1] + counts[at - stride] + counts[at + stride]
        near = share(near, self.output * columns)
        places = (
            j,
            self.output,
            around * CLASSES + column,
            (near * CLASSES + filled) * 4 + (left | up << 1),
            (column * CLASSES + filled) * 8 + left + up + up_left + up_right + deep,
        )
        kept = self.kept.code(self.coding, int(self.codes[self.place] != self.zero), places, 0)
        if not kept:
            self.codes[self.place] = self.zero
        return kept

    def _value(self, at: int, column: int, filled: int, last: int) -> int:
        """Code the level of a kept weight; returns the class of its symbol."""
        row, stride, code = self.row, self.stride, self.codes[self.place]
        beside = row[at - 1] * SYMBOL_CLASSES + row[at - stride]
        over = row[at - stride - 1] * SYMBOL_CLASSES + row[at - stride + 1]
        symbol, node = code - (0 <= self.zero < code), 1
        for bit in reversed(range(self.bits)):
            places = (
                node * SYMBOL_CLASSES**2 + beside,
                node * SYMBOL_CLASSES + last,
                (node * CLASSES + column) * CLASSES + filled,
                node * SYMBOL_CLASSES + self.above[at],
                node * SYMBOL_CLASSES**2 + over,
            )
            node = node * 2 + self.value.code(self.coding, symbol >> bit & 1, places, node)
        symbol = min(node - (1 << self.bits), self.symbols - 1)  # larger only in a damaged stream
        self.codes[self.place] = symbol + (0 <= self.zero <= symbol)
        return 1 + (symbol >> max(0, self.bits - 3))


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
    _Tensor(bytearray(codes), alphabet, coding).run()
    return coding.finish()


def decode(data: bytes, alphabet: Alphabet) -> Codes:
    """What ContextCoder.decode returns, in Python alone."""
    codes = bytearray([alphabet.zero or 0]) * alphabet.size
    _Tensor(codes, alphabet, _Coding(data)).run()
    return np.frombuffer(codes, np.uint8)
