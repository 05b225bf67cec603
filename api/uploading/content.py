"""The digest of a data set's pictures: the same for a folder and for every archive of it."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from nas.datasets.folder import Folder
from nas.files import sha256_of
from nas.images.formats import Picture

ALONE = "train"
"""The part of pictures whose class folders lie in no folder of a part."""

Files = Mapping[str, Mapping[str, Iterable[Path]]]
"""Files by part and class."""


def content_digest(files: Files) -> str:
    """sha256 of parts, classes and contents. Names of files do not count, nor does their order."""
    lines = sorted(
        f"{part or ALONE}\0{name}\0{sha256_of(file)}"
        for part, classes in files.items()
        for name, chosen in classes.items()
        for file in chosen
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def folder_files(
    folder: Path, on_damaged: Literal["refuse", "skip"] = "refuse"
) -> dict[str, dict[str, list[Path]]] | None:
    """The pictures of a folder of class folders, by part and class; None for a file. DataError says what is wrong."""
    if folder.is_file():
        return None
    found = Folder(path=str(folder), on_damaged=on_damaged).pictures()
    return {part: {name: _paths(chosen) for name, chosen in classes.items()} for part, classes in found.items()}


def folder_notes(folder: Path) -> list[dict[str, Any]]:
    """Notes on what lies in a folder and is not among folder_files, as JSON values; none for a file."""
    return [] if folder.is_file() else [note.row() for note in Folder(path=str(folder)).left_out()]


def _paths(pictures: Iterable[Picture]) -> list[Path]:
    return [picture.content for picture in pictures if isinstance(picture.content, Path)]  # all, in a folder
