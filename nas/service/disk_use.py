"""How much of the disk the service's files take, and whose they are."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nas.jobs.records import References
from nas.service.artifact_store import stored

MAX_FILES = 100_000
"""So many files of a folder are counted, which takes seconds at most."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Sizes of files in bytes by whose they are, which add up. complete: False if there are more than MAX_FILES."""

    files: int
    sizes_bytes: dict[str, int]
    complete: bool


def folder_use(folder: Path, without: Path | None = None) -> DiskUse:
    """Of all files below the folder, but not below without; nothing if there is no such folder.

    Links are not followed.
    """
    return _sum(("files", size_bytes) for size_bytes in _sizes_bytes(folder, without))


def artifact_use(folder: Path, references: References | None) -> DiskUse:
    """Of an artifact store, by what keeps a file: searches, finished trainings, else deleted searches, else nothing.

    What only deleted searches refer to is freed when these are purged. references: None if the ledger cannot be asked.
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
