"""The native context coder, which nas.coders.context defines."""

import ctypes

import numpy as np

from nas.coder import Alphabet
from nas.ops.coded import Codes

NO_MEMORY, NO_ROOM = -1, -2


def encode(native: ctypes.CDLL, codes: Codes, alphabet: Alphabet) -> bytes:
    """The stream of codes uint8 [alphabet.size]."""
    room = alphabet.size + 64
    while True:
        stream = np.empty(room, np.uint8)
        size = _run(native, np.ascontiguousarray(codes), alphabet, stream, reads=False)
        if size != NO_ROOM:
            return stream[:size].tobytes()
        room *= 2


def decode(native: ctypes.CDLL, data: bytes, alphabet: Alphabet) -> Codes:
    """The codes uint8 [alphabet.size] of a stream."""
    codes = np.empty(alphabet.size, np.uint8)
    _run(native, codes, alphabet, np.frombuffer(data, np.uint8), reads=True)
    return codes


def _run(native: ctypes.CDLL, codes: Codes, alphabet: Alphabet, stream: Codes, *, reads: bool) -> int:
    """Code all codes; returns the bytes that were written, or NO_ROOM."""
    call = native.nas_context_code
    call.restype = ctypes.c_int64
    sizes = (ctypes.c_int64(size) for size in (alphabet.outputs, *alphabet.field))
    zero = -1 if alphabet.zero is None else alphabet.zero
    pointers = (ctypes.c_void_p(array.ctypes.data) for array in (codes, stream))
    result = int(call(*pointers, ctypes.c_int64(stream.size), *sizes, alphabet.levels, zero, int(reads)))
    if result == NO_MEMORY:
        raise MemoryError(f"the context coder found no memory for {alphabet.size} weights")
    return result
