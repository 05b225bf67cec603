"""The artifact folder: files named by the sha256 of their content."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from nas.jobs.errors import NotFoundError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = 1 << 20


class ArtifactStore:
    """A file is whole or absent, and safe on disk before its digest is handed out. Several processes may add."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, content: bytes | Path) -> tuple[str, int]:
        """Copy content in; returns its sha256 and its size in bytes. OSError if the disk is full."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".new.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                _fill(file, content)
                size = file.tell()
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            self._take(temporary, digest)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return digest, size

    def path(self, sha256: str) -> Path:
        """Where the content is. NotFoundError if there is none, or if this is no digest."""
        if _DIGEST.fullmatch(sha256) and (path := self._place(sha256)).is_file():
            return path
        raise NotFoundError(f"no artifact {sha256!r}")

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def _take(self, temporary: Path, sha256: str) -> None:
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        temporary.chmod(0o444)
        temporary.replace(place)
        for folder in (place.parent, self.folder):
            _sync(folder)


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
