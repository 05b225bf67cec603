"""Disk space of the service's files, by what they belong to."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

from nas.jobs.records import References
from nas.service.artifact_store import stored

MAX_FILES = 100_000
"""The most files of a folder that are counted, as counting takes seconds."""


_TRIED = bytes(64 << 10)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path())


def write_failure(folder: Path) -> str | None:
    """Why no file of 64 KiB can be written in the folder, or where it would be made; None if one can."""
    try:
        with TemporaryFile(dir=existing(folder)) as file:
            file.write(_TRIED)
    except OSError as error:
        return error.strerror or str(error)
    return None


@dataclass(frozen=True, slots=True)
class DiskUse:
    """sizes_bytes: by what the files belong to; they add up. complete: False if there are more than MAX_FILES files."""

    files: int
    sizes_bytes: dict[str, int]
    complete: bool


def folder_use(folder: Path, without: Path | None = None) -> DiskUse:
    """Disk use of all files below the folder, except those below without. Links are not followed.

    Zero if there is no such folder.
    """
    return _sum(("files", size_bytes) for size_bytes in _sizes_bytes(folder, without))


def artifact_use(folder: Path, references: References | None) -> DiskUse:
    """Disk use of an artifact store's folder, by the first that refers to a file: searches, finished trainings, deleted
    searches, nothing. So what deleted searches have is what their purge frees.

    references: None if the ledger cannot be read.
    """
    return _sum((_kept_by(sha256, references), size_bytes) for sha256, size_bytes in stored(folder))


def _kept_by(sha256: str, references: References | None) -> str:
    if references is None:
        return "files"
    if sha256 in references.searches:
        return "searches"
    if sha256 in references.trainings:
        return "finished trainings"
    return "deleted searches" if sha256 in references.deleted_searches else "unreferenced"


def _sum(files: Iterable[tuple[str, int]]) -> DiskUse:
    sizes_bytes: dict[str, int] = {}
    count, counting = 0, iter(files)
    for whose, size_bytes in islice(counting, MAX_FILES):
        count += 1
        sizes_bytes[whose] = sizes_bytes.get(whose, 0) + size_bytes
    return DiskUse(count, sizes_bytes, next(counting, None) is None)


def _sizes_bytes(folder: Path, without: Path | None) -> Iterator[int]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if without is None or Path(place, name) != without]
        for name in names:
            with suppress(FileNotFoundError):  # removed meanwhile
                yield Path(place, name).lstat().st_size
