"""Images in a file that many processes map: rows are read when they are used, and pickled by reference.

Shapes: N images, H x W pixels, C channels. A decoded set is a folder with four files: the pixels, a digest of each
image, what is known of it, and a lock, which is shared by its readers and exclusive while it is decoded or removed.
"""

import fcntl
import hashlib
import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property, lru_cache
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError

PIXELS, DIGESTS, ABOUT, LOCK = "pixels", "digests", "about.json", "lock"
DIGEST_BYTES = 16

CHUNK_BYTES = 32 << 20
"""Of pixels that are looked at together, where all of a set is."""

MAPPED_BYTES = 64 << 20
"""After it has read so many, a process gives the pages back: they stay in the system's cache, for all who map them."""

Shape = tuple[int, int, int, int]


def lock(folder: Path, how: int) -> int:
    """A descriptor that holds the lock of a decoded set; how: as of fcntl.flock. OSError if there is none, and
    BlockingIOError if it is not to be waited for.
    """
    while True:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, how)
            if is_lock(folder, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # of a set that was removed, and decoded again, while this waited


def is_lock(folder: Path, handle: int) -> bool:
    """Whether a descriptor is of the set's lock: not so once the set was removed. OSError if it has none."""
    return os.path.samestat(os.fstat(handle), (folder / LOCK).stat())


class PixelFile:
    """The images of a decoded set, uint8 [N, H, W, C]. Pickled, it is its folder and shape.

    It is opened when it is first read, and not removed from then on. DataError if it is gone by then, or not whole.
    """

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder, self.shape = folder, shape
        self._read_bytes = 0

    def __reduce__(self) -> tuple[type["PixelFile"], tuple[Path, Shape]]:
        return PixelFile, (self.folder, self.shape)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A copy of these images."""
        found: NDArray[np.uint8] = np.take(self._pixels, rows, axis=0)
        self._read_bytes += found.nbytes
        if self._read_bytes >= MAPPED_BYTES:
            self._map.madvise(mmap.MADV_DONTNEED)
            self._read_bytes = 0
        return found

    def hold(self) -> None:
        """Open it now."""
        self._map  # noqa: B018 - opens it

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """Of the pixels of each image, as nas.image_set.checks computes them: [N, DIGEST_BYTES]."""
        return np.fromfile(self._whole(DIGESTS, self.shape[0] * DIGEST_BYTES), np.uint8).reshape(-1, DIGEST_BYTES)

    @cached_property
    def _pixels(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._map, np.uint8).reshape(self.shape)

    @cached_property
    def _map(self) -> mmap.mmap:
        with self._whole(PIXELS, prod(self.shape)).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def _whole(self, name: str, size: int) -> Path:
        """A file of the locked set, which has this size."""
        path = self.folder / name
        with suppress(OSError):
            self._held  # noqa: B018 - locks it
            if path.stat().st_size == size:
                return path
        raise DataError(
            f"the decoded images {self.folder} are gone from this machine, or not whole; start again, and they are "
            "decoded again. Where several machines share the work, NAS_CACHE_DIR has to name a folder that all of them "
            "see"
        )

    @cached_property
    def _held(self) -> int:
        handle = lock(self.folder, fcntl.LOCK_SH)
        weakref.finalize(self, os.close, handle)
        return handle


class MappedImages:
    """Images [N, H, W, C] of a file: some of its rows, in an order. What is indexed is read, as an array."""

    dtype = np.dtype(np.uint8)

    def __init__(self, file: PixelFile, rows: NDArray[np.int64]) -> None:
        self.file, self.rows = file, rows

    @property
    def shape(self) -> Shape:
        return (len(self.rows), *self.file.shape[1:])

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        return prod(self.shape)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.file.read(self.rows[chosen])

    def view(self, chosen: slice | NDArray[np.int64]) -> "MappedImages":
        """Some of the images, which are not read."""
        return MappedImages(self.file, self.rows[chosen])

    def digests(self) -> list[bytes]:
        """Of the pixels of each image, as nas.image_set.checks computes them."""
        return [digest.tobytes() for digest in self.file.digests[self.rows]]


def sha256(images: NDArray[np.uint8] | MappedImages) -> "hashlib._Hash":
    """A hash of all pixels, in order, to be added to. Of mapped ones, the last few are kept: each takes seconds."""
    if isinstance(images, MappedImages):
        return _sha256_of_rows(images.file.folder, images.file.shape, images.rows.tobytes()).copy()
    return _sha256(images)


@lru_cache(maxsize=16)
def _sha256_of_rows(folder: Path, shape: Shape, rows: bytes) -> "hashlib._Hash":
    return _sha256(MappedImages(PixelFile(folder, shape), np.frombuffer(rows, np.int64)))


def _sha256(images: NDArray[np.uint8] | MappedImages) -> "hashlib._Hash":
    found = hashlib.sha256()
    for some in chunks(images):
        found.update(np.ascontiguousarray(some).data)
    return found


def chunks(images: NDArray[np.uint8] | MappedImages) -> Iterator[NDArray[np.uint8]]:
    """All images, in order, in arrays of about CHUNK_BYTES."""
    step = max(1, CHUNK_BYTES // max(1, prod(images.shape[1:])))
    return (images[start : start + step] for start in range(0, len(images), step))
