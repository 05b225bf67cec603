"""The file of shared weights: a header in JSON and the tensors behind it, which are read where they lie.

It is: a magic word (8 bytes), the length of the header (8 bytes, little endian), the header, zeros up to a multiple of
64 bytes, and the tensors in the order of their keys (float32, little endian).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from nas.errors import FormatError
from nas.space import SearchSpace
from nas.supernet.correction import Correction
from nas.supernet.expected import ExpectedAccuracy
from nas.supernet.sharing import Sizes, stored_shape

MAGIC = b"NASSHARE"
LENGTH_BYTES = 8
ALIGNMENT = 64

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SharedWeights:
    """Trained weights of all networks of a space.

    expected: the accuracy that a loss lets expect. correction: of accuracies, where there is one.
    sizes: of each tensor, as in nas.supernet.sharing; tensors: in torch's shapes, to be read only. digest: sha256 of
    the tensors.
    """

    space: SearchSpace
    expected: ExpectedAccuracy
    sizes: Mapping[str, Sizes]
    tensors: Mapping[str, Array]
    digest: str
    correction: Correction | None = None


def write(
    space: SearchSpace, expected: ExpectedAccuracy, sizes: Mapping[str, Sizes], tensors: Mapping[str, Array]
) -> bytes:
    """The file's content; equal weights make equal files."""
    body = b"".join(np.ascontiguousarray(tensors[key], "<f4").tobytes() for key in sorted(sizes))
    header = {
        "space": space.to_dict(),
        "expected": asdict(expected),
        "sizes": {key: sizes[key] for key in sorted(sizes)},
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _file(header, body)


def with_correction(content: Buffer, correction: Correction) -> bytes:
    """The same weights with a correction of what networks are scored by. FormatError if content is damaged."""
    text = header(content)
    return _file({**json.loads(text), "correction": asdict(correction)}, _body(content, text))


def _file(header: Mapping[str, Any], body: Buffer) -> bytes:
    text = json.dumps(header).encode()
    head = MAGIC + len(text).to_bytes(LENGTH_BYTES, "little") + text
    return head + bytes(-len(head) % ALIGNMENT) + bytes(body)


def _body(content: Buffer, text: bytes) -> memoryview:
    """The tensors, which follow the header with this text."""
    head = len(MAGIC) + LENGTH_BYTES + len(text)
    return memoryview(content).cast("B")[head + -head % ALIGNMENT :]


def header(content: Buffer) -> bytes:
    """The header, which tells files apart. FormatError if this is no file of shared weights."""
    view, start = memoryview(content).cast("B"), len(MAGIC) + LENGTH_BYTES
    length = int.from_bytes(view[len(MAGIC) : start], "little")
    if bytes(view[: len(MAGIC)]) != MAGIC or start + length > len(view):
        raise FormatError("this is no file of shared weights; prepare the evaluator supernet again")
    return bytes(view[start : start + length])


def read(content: Buffer) -> SharedWeights:
    """The weights, which lie in content. FormatError if it is damaged."""
    text = header(content)
    values = np.frombuffer(_body(content, text), "<f4")
    found = json.loads(text)
    sizes = {key: tuple(of) for key, of in found["sizes"].items()}
    counts = [prod(of) for of in sizes.values()]
    if len(values) != sum(counts):
        raise FormatError("the file of shared weights is cut off; prepare the evaluator supernet again")
    parts = np.split(values, np.cumsum(counts)[:-1])
    tensors = {key: part.reshape(stored_shape(sizes[key])) for key, part in zip(sizes, parts, strict=True)}
    expected = ExpectedAccuracy(**found["expected"])
    correction = Correction(**found["correction"]) if "correction" in found else None
    return SharedWeights(SearchSpace.from_dict(found["space"]), expected, sizes, tensors, found["sha256"], correction)
