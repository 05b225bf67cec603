"""Decoded sets: the pixels of image sets that are too large for memory, decoded once into files that processes share.

Each is a folder in NAS_CACHE_DIR/images, named by a digest of the encoded pictures and of how they are decoded. Its
file of pixels gets its name when it is whole, under the set's lock: whatever is killed, there is no half of it.
"""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError, NasError
from nas.files import write_whole
from nas.image_set.checks import digests
from nas.image_set.mapped import ABOUT, DIGESTS, LOCK, PIXELS, MappedImages, PixelFile, Shape, is_lock, lock
from nas.image_set.note import Note
from nas.machine.folders import cache_folder, existing

FROM_BYTES = 256 << 20
LIMIT_BYTES = 64 << 30
"""Defaults of NAS_DECODED_FROM_BYTES and NAS_DECODED_BYTES."""

SPARE_BYTES = 256 << 20
"""Of the disk, which stay free."""

WAITING = "waiting for another process that decodes these images"
KEY_DIGITS = 32
"""Of a set's name, hexadecimal."""

PART = f"{PIXELS}.part"
GIB = 1 << 30
SMALLER = "give the data set a smaller `size`"

log = logging.getLogger(__name__)

T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Told of work that takes its time: what, and how much of how much is done."""


def _log(what: str, done: int, total: int) -> None:
    log.info("%s: %d of %d", what, done, total)


_tell: ContextVar[Tell] = ContextVar("tell", default=_log)


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Within it, tell is told how far decoding is; an error that it raises ends the decoding. Else a log is told."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)


@dataclass(frozen=True, slots=True)
class Block:
    """Decoded images that follow each other, uint8 [n, H, W, C]; and by place among them, why one cannot be decoded and
    what to do: its pixels are zeros.
    """

    images: NDArray[np.uint8]
    faults: Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DecodedSet:
    """first: the name of its first picture. state: decoded, decoding, or unfinished if that was killed. used: when, in
    seconds of the epoch.
    """

    key: str
    first: str
    shape: Shape
    state: str
    used: float

    @property
    def bytes(self) -> int:
        return prod(self.shape)


def is_large(shape: Shape) -> bool:
    """Whether images of this shape are to be in a file: NAS_DECODED_FROM_BYTES says from how many bytes on."""
    return prod(shape) >= max(1, _setting("NAS_DECODED_FROM_BYTES", FROM_BYTES))


def limit_bytes() -> int:
    """Of all decoded sets: NAS_DECODED_BYTES."""
    return _setting("NAS_DECODED_BYTES", LIMIT_BYTES)


def size_note(name: str, shape: Shape) -> Iterator[Note]:
    """The note on images that will be in a file. DataError if they are beyond its limit."""
    size = prod(shape)
    if size > limit_bytes():
        raise _beyond(f"the images of {name} take {size / GIB:.1f} GiB once they are decoded")
    if is_large(shape):
        said = f"once decoded, the images take {size / GIB:.1f} GiB, in a file that all workers share"
        yield Note.on("decoded", said, [], shape[0])


def decoded_folder() -> Path:
    return cache_folder() / "images"


def decoded_sets() -> list[DecodedSet]:
    """All of this machine's, the one that was not used for longest first."""
    found = []
    for file in decoded_folder().glob(f"*/{ABOUT}"):
        with suppress(OSError):  # it is being removed
            found.append(_described(file.parent, json.loads(file.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda known: known.used)


def remove(key: str) -> bool:
    """Remove a decoded set unless a process uses it; whether it is gone."""
    folder = decoded_folder() / key
    try:
        handle = lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    try:
        for name in (PIXELS, PART, DIGESTS, ABOUT, LOCK):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    finally:
        os.close(handle)
    return True


def decoded_once(
    key: str, shape: Shape, first: str, blocks: Callable[[], Iterator[Block]]
) -> tuple[MappedImages, dict[int, tuple[str, str]]]:
    """The images of a set, decoded by this call if they are not there; and by place, why some cannot be decoded.

    key: what the images follow from. blocks: decodes all of them. Another process that decodes the same set is waited
    for. DataError if there is no room for them.
    """
    folder = decoded_folder() / key
    try:
        handle = _decoded(folder, shape, first, blocks)
        try:
            os.utime(folder / LOCK)
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            file = PixelFile(folder, shape)
            file.hold()
        finally:
            os.close(handle)
    except OSError as fault:
        raise _unwritable(folder, fault) from fault
    faults = {int(at): (why, how) for at, (why, how) in about["faults"].items()}
    return MappedImages(file, np.arange(shape[0])), faults


def _decoded(folder: Path, shape: Shape, first: str, blocks: Callable[[], Iterator[Block]]) -> int:
    """A descriptor that holds the shared lock of a set, which is decoded by then."""
    while True:
        handle = _locked(folder)
        try:
            if (folder / PIXELS).exists():
                return handle
            _told(partial(fcntl.flock, handle), fcntl.LOCK_EX)
            if (folder / LOCK).exists() and is_lock(folder, handle):  # nobody has removed it meanwhile
                if not (folder / PIXELS).exists():
                    _decode(folder, shape, first, blocks)
                fcntl.flock(handle, fcntl.LOCK_SH)
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _locked(folder: Path) -> int:
    """A descriptor that holds the shared lock of a set; of one that is not there yet, too."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # it is being removed
            (folder / LOCK).touch()
            return _told(partial(lock, folder), fcntl.LOCK_SH)


def _told(take: Callable[[int], T], how: int) -> T:
    """What takes a lock, called; it is told if that has to wait."""
    try:
        return take(how | fcntl.LOCK_NB)
    except BlockingIOError:
        _tell.get()(WAITING, 0, 1)
        found = take(how)
        _tell.get()(WAITING, 1, 1)
        return found


def _decode(folder: Path, shape: Shape, first: str, blocks: Callable[[], Iterator[Block]]) -> None:
    """Write the files of a set, whose lock is held exclusively."""
    part, about = folder / PART, {"first": first, "shape": list(shape)}
    part.unlink(missing_ok=True)
    _make_room(folder.name, first, prod(shape))
    write_whole(folder / ABOUT, json.dumps(about))
    faults: dict[int, tuple[str, str]] = {}
    found: list[bytes] = []
    try:
        with part.open("wb") as file:
            for block in blocks():
                faults |= {len(found) + at: fault for at, fault in block.faults.items()}
                found += digests(block.images)
                file.write(block.images.data)
                _tell.get()("decoding images", len(found), shape[0])
            file.flush()
            os.fsync(file.fileno())
        write_whole(folder / DIGESTS, b"".join(found))
        write_whole(folder / ABOUT, json.dumps({**about, "faults": faults}))
        part.rename(folder / PIXELS)
    finally:
        part.unlink(missing_ok=True)


def _make_room(key: str, first: str, wanted: int) -> None:
    """Remove sets that nobody uses, until so many bytes are within the limit and on the disk. DataError if too few are
    left.
    """
    limit, others = limit_bytes(), [known for known in decoded_sets() if known.key != key]
    taken = sum(known.bytes for known in others)
    what = f"the images of {first} and others take {wanted / GIB:.1f} GiB once they are decoded"
    if wanted > limit:
        raise _beyond(what)
    for known in others:
        if taken + wanted <= limit and _free() >= wanted:
            return
        if remove(known.key):
            taken -= known.bytes
    if taken + wanted > limit:
        raise _beyond(f"{what}, and sets in use {taken / GIB:.1f} GiB")
    if _free() < wanted:
        where = f"{decoded_folder()} has {max(0, _free()) / GIB:.1f} GiB free"
        raise DataError(f"{what}; {where}: free some, let NAS_CACHE_DIR name a folder on a larger disk, or {SMALLER}")


def _beyond(what: str) -> DataError:
    return DataError(f"{what}; NAS_DECODED_BYTES allows {limit_bytes() / GIB:.1f} GiB: raise it, or {SMALLER}")


def _free() -> int:
    return shutil.disk_usage(existing(decoded_folder())).free - SPARE_BYTES


def _described(folder: Path, about: Mapping[str, Any]) -> DecodedSet:
    state = "decoded" if (folder / PIXELS).exists() else "decoding" if _is_locked(folder) else "unfinished"
    count, height, width, channels = about["shape"]
    shape = (count, height, width, channels)
    return DecodedSet(folder.name, about["first"], shape, state, (folder / LOCK).stat().st_mtime)


def _is_locked(folder: Path) -> bool:
    try:
        os.close(lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except BlockingIOError:
        return True
    return False


def _unwritable(folder: Path, fault: OSError) -> DataError:
    return DataError(
        f"decoded images cannot be kept in {folder.parent}: {fault.strerror}; make room, or let NAS_CACHE_DIR name a "
        "folder that can be written"
    )


def _setting(name: str, default: int) -> int:
    given = os.environ.get(name) or str(default)
    if not given.isdigit():
        raise NasError(f"{name}: give a whole number of bytes, not {given!r}")
    return int(given)
