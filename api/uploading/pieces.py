"""Archives that arrive piece by piece: what has arrived is kept for a day, so that a client can go on."""

import fcntl
import shutil
from pathlib import Path

from api.uploading.uploads import INCOMING
from nas.errors import DataError
from nas.files import sha256_of


class Pieces:
    """The archive of one digest in the folder of uploads, as far as it has arrived."""

    def __init__(self, folder: Path, sha256: str, size_bytes: int) -> None:
        self._file = folder / f"{INCOMING}{sha256}"
        self.sha256 = sha256
        self._size_bytes = size_bytes

    def append(self, piece: Path, start: int) -> int:
        """Add a piece, and return how many bytes are there then: as many as before, if start is not where they end.

        DataError if there are more than were announced, and those that came are gone.
        """
        with self._file.open("ab") as file, piece.open("rb") as content:
            fcntl.flock(file, fcntl.LOCK_EX)  # two clients may send the same archive
            if file.seek(0, 2) == start:
                shutil.copyfileobj(content, file)
            arrived = file.tell()
        if arrived > self._size_bytes:
            self.remove()
            raise DataError(f"{arrived} bytes have come of an archive of {self._size_bytes}; send it again")
        return arrived

    def whole(self, archive: Path) -> None:
        """Make the whole archive appear under this path too. DataError if it is not the one of the digest."""
        archive.hardlink_to(self._file)
        found = sha256_of(archive)
        if found != self.sha256:
            self.remove()
            raise DataError(f"what has arrived has digest {found}, not {self.sha256}; send it again")

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)
