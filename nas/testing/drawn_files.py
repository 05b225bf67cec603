"""Compressed files that are drawn: as they should be, damaged, or made to do harm."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nas.coder import coder
from nas.container.fields import Reader, text, varint
from nas.container.file import CHECKSUM_BYTES, MAGIC, Storage, write
from nas.errors import FormatError
from nas.ops import Network
from nas.ops.coded import CodedTensor, Floats
from nas.ops.cost import cost_of
from nas.ops.notation import read_network

EXTREMES = (1.0, 1.0, 1.0, 1e-44, 6e4, 5e37)
"""Factors of levels: some of them are subnormal, or too large for 16 bits."""
NETWORKS = (
    "1x4x4: linear_{a} linear_3",
    "2x7x6: conv_{a}_k3_s2 gap linear_3",
    "3x5x5: conv_{a}_k3_linear res(conv_{a}_k3_g{a}) conv_2 gap",
    "2x4x4: cat(conv_{a}|conv_2_k3_bias) se_2 gap linear_2",
)
NOTATIONS = (
    "1x1x1: linear_65536 linear_65536",
    "999999999x999999999x999999999: linear_9",
    "1x9x9: " + "[" * 200 + "gap" + "]" * 200,
    "1x9x9: " + "res(" * 90 + "gap" + ")" * 90,
    "1x9x9: conv_0",
    "1x9x9: conv_4_k" + "9" * 5000,
    "1x9x9: " + "gap " * 300,
    "",
    "\0",
)
IMAGES = '"classes": ["a", "b"], "mean": [0], "std": [1], "size": 4'
PROPERTIES = (
    "[]",
    "{",
    "[" * 100_000,
    '{"size": ' + "9" * 5000 + "}",
    '{"classes": ["a"], "mean": [1e999], "std": [1], "size": 1e999}',
    '{"classes": ["a"], "mean": [0], "std": [0], "size": 4}',
    '{"classes": 5, "mean": null, "std": {}, "size": "x"}',
    '{"classes": [], "mean": [NaN], "std": ["1"], "size": -1}',
    f'{{{IMAGES}, "integers": 5}}',
    f'{{{IMAGES}, "integers": {{"recipe": "int8", "ranges": {{"image": [0, 1{"0" * 400}]}}}}}}',
    f'{{{IMAGES}, "integers": {{"recipe": "int8", "ranges": {{"image": [NaN, 1e999]}}}}}}',
    f'{{{IMAGES}, "integers": {{"recipe": ["int8"], "ranges": []}}}}',
)
"""What a file may say of itself that it should not be believed."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Weights of a network: codes or numbers, sparse or not, by the number of a file."""

    seed: int

    def layer(self, path: str, shape: tuple[int, ...]) -> tuple[Floats | CodedTensor, Floats]:
        rng = np.random.default_rng([self.seed, *path.encode()])
        bias = rng.standard_normal(shape[0]).astype(np.float32) * (rng.random() < 0.8)  # noqa: PLR2004 - most have one
        count = int(rng.choice([0, 1, 2, 3, 4, 5, 16, 17, 256]))
        if not count:
            return rng.standard_normal(shape).astype(np.float32), bias
        values = rng.standard_normal(count).astype(np.float16) * rng.choice(EXTREMES)
        levels = np.unique(values.astype(np.float32))
        if rng.random() < 0.7:  # noqa: PLR2004 - most have a level 0
            levels = np.unique(np.append(levels[1:], np.float32(0)))
        codes = rng.integers(0, len(levels), shape).astype(np.uint8)
        codes[rng.random(shape) < rng.random()] = np.searchsorted(levels, 0) % len(levels)
        scale = rng.random(shape[0]).astype(np.float16).astype(np.float32) + 1 if rng.random() < 0.3 else None  # noqa: PLR2004
        return CodedTensor(codes, levels, scale), bias

    folded = layer

    def norm(self, path: str, channels: int) -> tuple[Floats, Floats]:
        scale, shift = self.layer(path, (channels,))
        return scale.values() if isinstance(scale, CodedTensor) else scale, shift


def whole_file(seed: int) -> tuple[bytes, Network, Drawn, Storage]:
    """A file as it should be, and what it was written from."""
    rng = np.random.default_rng(seed)
    network = read_network(str(rng.choice(NETWORKS)).format(a=int(rng.choice([1, 2, 4]))))
    name = str(rng.choice(list(coder)))
    width = {"index_bits": int(rng.integers(1, 11))} if name == "relative_index" and rng.random() < 0.5 else {}  # noqa: PLR2004
    storage = Storage({"name": name, **width}, bool(rng.random() < 0.5), [None, 2, 8][rng.integers(3)])  # noqa: PLR2004
    outputs = cost_of(network.op, network.input)[0].channels
    channels = network.input.channels
    properties = {"classes": ["a"] * outputs, "size": 4, "mean": [0.5] * channels, "std": [0.25] * channels}
    return write(network, Drawn(seed), properties, storage), network, Drawn(seed), storage


def damaged(file: bytes, rng: np.random.Generator) -> bytes:
    """The file with a few faults; in most, the checksum of the manifest is made right again, so that more is read."""
    for _ in range(int(rng.integers(1, 4))):
        file = FAULTS[rng.integers(len(FAULTS))](bytearray(file), rng)
    return _sealed(file) if rng.random() < 0.8 else file  # noqa: PLR2004


def _flip(file: bytearray, rng: np.random.Generator) -> bytes:
    for at in rng.integers(0, max(1, len(file)), rng.integers(1, 9)):
        if at < len(file):
            file[at] ^= 1 << rng.integers(8)
    return bytes(file)


def _flip_behind(file: bytearray, rng: np.random.Generator) -> bytes:
    """Bits of the payload, so that the file stays one."""
    behind = max(1, len(file) // 2)
    for at in rng.integers(len(file) - behind, max(1, len(file)), rng.integers(1, 4)):
        if 0 <= at < len(file):  # it may be empty
            file[at] ^= 1 << rng.integers(8)
    return bytes(file)


def _overwrite(file: bytearray, rng: np.random.Generator) -> bytes:
    at, length = rng.integers(0, len(file) + 1), int(rng.integers(1, 12))
    file[at : at + length] = bytes([[0, 255, 127, 128][rng.integers(4)]]) * length
    return bytes(file)


def _cut(file: bytearray, rng: np.random.Generator) -> bytes:
    at, length = rng.integers(0, len(file) + 1), int(rng.integers(1, 40))
    del file[at : at + length if rng.random() < 0.5 else None]  # noqa: PLR2004
    return bytes(file)


def _insert(file: bytearray, rng: np.random.Generator) -> bytes:
    at = rng.integers(0, len(file) + 1)
    other = bytes(file)[rng.integers(len(file) + 1) :]
    file[at:at] = rng.bytes(int(rng.integers(1, 40))) if rng.random() < 0.5 else other  # noqa: PLR2004
    return bytes(file)


def _lie(file: bytearray, rng: np.random.Generator) -> bytes:
    """Another notation or other properties."""
    try:
        parts = _Parts(bytes(file))
    except FormatError:
        return bytes(file)
    if rng.random() < 0.5:  # noqa: PLR2004
        parts.notation = str(rng.choice([*NOTATIONS, *(network.format(a=2) for network in NETWORKS)]))
    else:
        parts.properties = PROPERTIES[rng.integers(len(PROPERTIES))]
    return parts.file()


Fault = Callable[[bytearray, np.random.Generator], bytes]
FAULTS: tuple[Fault, ...] = (_flip, _flip_behind, _flip_behind, _overwrite, _cut, _insert, _lie)


class _Parts:
    """A file's parts, whether or not they make sense together. FormatError if it has none."""

    def __init__(self, file: bytes) -> None:
        whole = Reader(file[len(MAGIC) :])
        manifest = Reader(whole.take(whole.varint()))
        whole.take(CHECKSUM_BYTES)
        self.notation, self.properties = manifest.text(), manifest.text()
        self.entries, self.payload = manifest.take(manifest.left), whole.take(whole.left)

    def file(self) -> bytes:
        manifest = text(self.notation) + text(self.properties) + self.entries
        return _joined(manifest, self.payload)


def _joined(manifest: bytes, payload: bytes) -> bytes:
    return MAGIC + varint(len(manifest)) + manifest + zlib.crc32(manifest).to_bytes(4, "little") + payload


def _sealed(file: bytes) -> bytes:
    """The file with the checksum that its manifest should have."""
    try:
        whole = Reader(file[len(MAGIC) :])
        manifest = whole.take(whole.varint())
        whole.take(CHECKSUM_BYTES)
    except FormatError:
        return file
    return _joined(manifest, whole.take(whole.left))
