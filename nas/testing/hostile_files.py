"""The promises of the reader of compressed files, as tests on drawn ones."""

import json
import tracemalloc
from collections import Counter
from unittest.mock import patch

import numpy as np

from nas.coder import Alphabet, coder
from nas.coders import context
from nas.compressing.files import unpacked
from nas.container.file import Container, read, write
from nas.errors import FormatError
from nas.native import library
from nas.ops import Shape
from nas.ops.coded import CodedTensor, Floats
from nas.testing.drawn_files import Drawn, damaged, whole_file

MOST_PARAMS = 2_000
"""Of the networks that are read."""
EACH_TRACED = 10
"""One file in so many has its memory traced."""


def allowed_bytes(file: bytes) -> int:
    """What read may have allocated at once, whatever the file says, as its docstring states."""
    return (1 << 20) + 128 * (len(file) + MOST_PARAMS)


class _Right(bytes):
    """A checksum that is always right, as an author who means harm would have it."""

    __slots__ = ()
    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes)

    def __ne__(self, other: object) -> bool:
        return not self == other


def _outcome(file: bytes) -> Container | str:
    """What is read, or the reason why nothing is. Any error but FormatError is a fault of the reader."""
    try:
        return read(file, MOST_PARAMS)
    except FormatError as error:
        return str(error)


def check_file(seed: int, number: int) -> str:
    """Draw file `number`, whole or damaged, and check all promises of the reader; returns what became of it.

    AssertionError or the reader's own error if a promise does not hold.
    """
    rng = np.random.default_rng([seed, number])
    whole, network, weights, storage = whole_file(int(rng.integers(1 << 31)))
    if rng.random() < 0.1:  # noqa: PLR2004
        found = _checked(whole, number)
        assert isinstance(found, Container), f"a file as it was written is refused: {found}"
        assert found.network == network
        again = write(network, found, found.properties, storage)
        assert again == whole or storage.bias_bits, "reading and writing gives another file"
        _assert_exact(found, weights)
        return "whole, read"
    file = damaged(whole, rng)
    if rng.random() < 0.5:  # noqa: PLR2004
        with patch("nas.container.file.checksum", lambda *_: _Right()):
            found = _checked(file, number)
            return f"hostile, {'refused' if isinstance(found, str) else _unpacked(file)}"
    return f"damaged, {'refused' if isinstance(_checked(file, number), str) else _unpacked(file)}"


def _unpacked(file: bytes) -> str:
    try:
        unpacked(file)
    except FormatError:
        return "read, refused by unpack"
    return "read"


def _checked(file: bytes, number: int) -> Container | str:
    """What is read, with and without the native library, and within the memory that is allowed."""
    if number % EACH_TRACED == 0:
        tracemalloc.start()
        try:
            found = _outcome(file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak <= allowed_bytes(file), f"{peak} bytes were allocated for a file of {len(file)}"
    else:
        found = _outcome(file)
    if library():
        with patch.object(context, "library", lambda: None):
            _assert_alike(found, _outcome(file))
    return found


def _assert_alike(ours: Container | str, theirs: Container | str) -> None:
    """The same tensors, or the same reason."""
    if isinstance(ours, str) or isinstance(theirs, str):
        assert ours == theirs, f"with the native library: {ours}; without: {theirs}"
        return
    for path, (weight, bias) in ours.tensors.items():
        other, other_bias = theirs.tensors[path]
        assert np.array_equal(bias, other_bias)
        assert _numbers(weight) == _numbers(other), f"{path} differs without the native library"


def _numbers(weight: Floats | CodedTensor) -> bytes:
    return weight.codes.tobytes() if isinstance(weight, CodedTensor) else weight.tobytes()


def _assert_exact(found: Container, weights: Drawn) -> None:
    """Codes are exactly those that were written."""
    for path, (weight, _) in found.tensors.items():
        if isinstance(weight, CodedTensor):
            source, _ = weights.layer(path.removesuffix(".conv"), weight.shape)
            other, _ = weights.layer(path, weight.shape)
            written = {_numbers(each) for each in (source, other) if isinstance(each, CodedTensor)}
            assert _numbers(weight) in written, f"{path} is not what was written"


def check_stream(seed: int, number: int) -> str:
    """Decode bytes that no coder wrote, by Python and by the native library; returns what became of them."""
    rng = np.random.default_rng([seed, number])
    levels = int(rng.choice([1, 2, 3, 8, 17, 256]))
    zero = int(rng.integers(levels)) if rng.random() < 0.7 else None  # noqa: PLR2004
    field = Shape(*(int(size) for size in rng.integers(1, 5, 3)))
    alphabet = Alphabet(int(rng.integers(1, 6)), field, levels, zero)
    name = str(rng.choice(list(coder)))
    made, data = coder.make(name), rng.bytes(int(rng.integers(0, 60)))
    try:
        codes = made.decode(data, alphabet)
    except FormatError:
        return f"stream of {name}, refused"
    assert codes.shape == (alphabet.size,)
    assert codes.max() < levels
    if name == "context":
        assert np.array_equal(codes, context.decode(data, alphabet))
    assert np.array_equal(made.decode(made.encode(codes, alphabet), alphabet), codes)
    return f"stream of {name}, read"


def check_files(count: int, seed: int, first: int = 0) -> Counter[str]:
    """Check files and streams with these numbers, alternately; returns how many came to what."""
    found: Counter[str] = Counter()
    for number in range(first, first + count):
        try:
            found[check_file(seed, number)] += 1
            found[check_stream(seed, number)] += 1
        except Exception as error:
            error.add_note(f"file {json.dumps({'seed': seed, 'number': number})}")
            raise
    return found
