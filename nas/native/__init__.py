"""The native library: compiled when nas is installed, where there is a C compiler; nas works without it, slower."""

import ctypes
from functools import cache
from pathlib import Path


@cache
def library() -> ctypes.CDLL | None:
    """The library, or None where it was not compiled."""
    found = sorted(Path(__file__).parent.glob("nas_native.*"))
    return ctypes.CDLL(str(found[0])) if found else None
