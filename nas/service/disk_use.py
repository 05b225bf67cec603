"""Disk space of the service's files, by what they belong to."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import inf
from pathlib import Path
from threading import Lock
from time import monotonic

from nas.jobs.artifacts import Artifacts
from nas.jobs.records import References
from nas.service.artifact_store import stored
from nas.service.settings import Settings

MAX_FILES = 100_000
"""The most files of a folder that are counted, as counting takes seconds."""

COUNTED_S = 60.0


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


class DiskSizes:
    """What takes how much of a service's disk. Counting takes seconds, so a count is good for COUNTED_S."""

    def __init__(self, settings: Settings, artifacts: Artifacts) -> None:
        self._settings, self._artifacts = settings, artifacts
        self._lock, self._counted_at, self._sizes_bytes = Lock(), -inf, dict[str, int]()

    def sizes_bytes(self) -> dict[str, int]:
        """Bytes by what they belong to: those of artifact_use, `uploads` and `scratch`. LedgerError if it is away.

        Callers that come while one counts wait for that count.
        """
        with self._lock:
            if monotonic() - self._counted_at > COUNTED_S:
                self._sizes_bytes = self._count()
                self._counted_at = monotonic()
            return self._sizes_bytes

    def _count(self) -> dict[str, int]:
        settings = self._settings
        by_folder = {"uploads": folder_use(settings.uploads), "scratch": folder_use(settings.scratch)}
        kept = artifact_use(settings.artifacts, self._artifacts.references())
        return kept.sizes_bytes | {name: sum(use.sizes_bytes.values()) for name, use in by_folder.items()}


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
