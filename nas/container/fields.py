"""Numbers and texts in bytes, read with a check of every length."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from nas.errors import FormatError

MOST_BITS = 35
"""Of a varint: no length is longer than the file, and files have less than 32 GiB."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(value: str) -> bytes:
    data = value.encode()
    return varint(len(data)) + data


def checksum(*parts: bytes) -> bytes:
    """CRC-32 of the parts in a row."""
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return struct.pack("<I", crc)


class Reader:
    """Takes fields off the front of some bytes. FormatError if they end too early."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = memoryview(data), 0

    @property
    def left(self) -> int:
        return len(self._data) - self._place

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise FormatError(f"it ends {count - self.left} bytes too early; copy the whole file again")
        self._place += count
        return bytes(self._data[self._place - count : self._place])

    def byte(self) -> int:
        return self.take(1)[0]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
                break
            if shift >= MOST_BITS:
                raise FormatError("a number is longer than any that is written; the file is damaged")
        return value

    def text(self) -> str:
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError:
            raise FormatError("a text is not UTF-8; the file is damaged") from None

    def floats(self, count: int, kind: str) -> NDArray[np.float32]:
        """count numbers of kind `<f4` or `<f2`, all finite."""
        found = np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind).astype(np.float32)
        if not np.isfinite(found).all():
            raise FormatError("a number is not finite; the file is damaged")
        return found
