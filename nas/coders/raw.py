"""Codes in as many bits as the number of levels needs, one after the other."""

import numpy as np

from nas.coder import Alphabet, Coder, coder
from nas.errors import FormatError
from nas.ops.coded import Codes


@coder("raw")
class RawCoder(Coder):
    """The highest bit of the first code is the highest bit of the first byte."""

    number = 0

    def encode(self, codes: Codes, alphabet: Alphabet) -> bytes:
        bits = _bits(alphabet)
        return np.packbits(np.unpackbits(codes[:, None], axis=1)[:, 8 - bits :]).tobytes()

    def decode(self, data: bytes, alphabet: Alphabet) -> Codes:
        bits = _bits(alphabet)
        if len(data) != -(-alphabet.size * bits // 8):
            raise FormatError(f"{len(data)} bytes do not hold {alphabet.size} codes of {bits} bits")
        unpacked = np.unpackbits(np.frombuffer(data, np.uint8), count=alphabet.size * bits).reshape(-1, bits)
        codes = np.packbits(np.pad(unpacked, ((0, 0), (8 - bits, 0))), axis=1)[:, 0]
        if codes.size and codes.max() >= alphabet.levels:
            raise FormatError(f"code {codes.max()} stands for none of the {alphabet.levels} levels")
        return codes


def _bits(alphabet: Alphabet) -> int:
    return max(1, (alphabet.levels - 1).bit_length())
