"""The artifact folder: files named by the sha256 of their content."""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from nas.files import new_file
from nas.jobs.artifacts import Artifacts
from nas.jobs.errors import NotFoundError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = 1 << 20
_NEW = ".new."


class ArtifactStore:
    """A file is complete or absent, and synced to disk before add() returns. Several processes may add at once.

    The ledger has a record of a file before the file exists and until it is removed. So a file that a killed process
    left unreferenced is found in the ledger, and removed.
    """

    def __init__(self, folder: Path, records: Artifacts) -> None:
        self.folder = folder
        self._records = records

    def add(self, content: bytes | Path) -> tuple[str, int]:
        """Copy content into the store; returns its sha256 and its size in bytes. OSError if the disk is full.

        Refer to it within a day, or it may be removed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        file, temporary = new_file(self.folder, _NEW, 0o444)
        try:
            with file:
                _fill(file, content)
                size = file.tell()
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            self._records.register(digest, size)
            self._take(temporary, digest)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return digest, size

    def path(self, sha256: str) -> Path:
        """The path of the content. NotFoundError if there is none, or if sha256 is not a digest."""
        if _DIGEST.fullmatch(sha256) and (path := self._place(sha256)).is_file():
            return path
        raise NotFoundError(f"no artifact {sha256!r}")

    def keep(self, sha256: str, size_bytes: int) -> None:
        """Keep content, if it is there afterwards, for another day even if nothing refers to it."""
        self._records.register(sha256, size_bytes)

    def remove(self, sha256: str) -> None:
        """Remove the content if it exists. Call it only inside Artifacts.removing, which locks its record."""
        self._place(sha256).unlink(missing_ok=True)

    def remove_unfinished(self, min_age_s: float) -> None:
        """Remove incomplete files of killed processes: those that nothing was written to within min_age_s."""
        for left in self.folder.glob(f"{_NEW}*"):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime >= min_age_s:
                    left.unlink()

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _take(self, temporary: Path, sha256: str) -> None:
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        temporary.replace(place)
        for folder in (place.parent, self.folder):
            _sync(folder)


def stored(folder: Path) -> Iterator[tuple[str, int]]:
    """Digests and sizes in bytes of the files in the folder of an ArtifactStore, in no order."""
    for shard in folder.glob("[0-9a-f][0-9a-f]"):
        with os.scandir(shard) as found:
            for file in found:
                if _DIGEST.fullmatch(file.name):
                    with suppress(FileNotFoundError):  # removed meanwhile
                        yield file.name, file.stat().st_size


def _fill(file: BinaryIO, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        file.write(content)
    else:
        with content.open("rb") as source:
            shutil.copyfileobj(source, file, _PART)
    file.flush()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
