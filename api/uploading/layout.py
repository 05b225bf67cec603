"""The split and the class of each picture of an archive, by its folders there."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from api.uploading.uploads import FACTS
from nas.errors import DataError
from nas.images.class_folders import NAMES, NOTES, PARTS
from nas.images.formats import Picture
from nas.images.reading import by_suffix

RAW = ".raw"
"""The folder of the pictures that are not in their class folders yet."""

MAX_CLASS_LETTERS = 100
MAX_CLASS_BYTES = 255
"""What a file system takes as the name of a folder."""


@dataclass(frozen=True, slots=True)
class Member:
    """A picture of the archive: its name and folders there, the file it was written to, its width and height."""

    name: str
    folders: tuple[str, ...]
    file: Path
    sides: tuple[int, int]


Parts = dict[str, dict[str, list[Member]]]
"""Members by part ("" where there are class folders alone) and class."""


def by_part(members: Sequence[Member], others: Sequence[PurePosixPath]) -> Parts:
    """The members by part and class, without the folders that contain all of them.

    others: the files that are not taken. DataError names a class that has only such.
    """
    if not members:
        which = f"; it has {by_suffix([Picture(str(path), b'') for path in others])}" if others else ""
        raise DataError(
            f"the archive has no images{which}; add some (.jpg, .png, .webp and so on), a folder for each class"
        )
    places = [member.folders for member in members]
    shared = os.path.commonprefix(places)  # noqa: RUF071 - of tuples, so whole names are compared
    depth = min(len(shared), max(0, min(map(len, places)) - 1))
    split = _has_parts([place[depth:] for place in places if place])
    found: Parts = defaultdict(lambda: defaultdict(list))
    for member in members:
        place = member.folders[depth:]
        part = _part(place[0]) if split and place else ""
        if part is None or len(place) <= split:
            raise DataError(f"{'/'.join((*member.folders, '...'))} lies in no class folder; use [train/]CLASS/IMAGE")
        found[part][_class(place[split])].append(member)
    place_of_class = depth + split
    in_folders = [path for path in others if path.parts[:depth] == shared[:depth] and path.parts[place_of_class + 1 :]]
    _refuse_empty(found, [path for path in in_folders if not split or _part(path.parts[depth])], place_of_class)
    return found


def _refuse_empty(found: Parts, others: Sequence[PurePosixPath], depth: int) -> None:
    """DataError names a class folder, so many folders deep, that has files but no image."""
    classes = {name for in_part in found.values() for name in in_part}
    empty = [path for path in others if path.parts[depth] not in classes and not path.parts[depth].startswith(".")]
    if empty:
        name = empty[0].parts[depth]
        only = by_suffix([Picture(str(path), b"") for path in empty if path.parts[depth] == name])
        raise DataError(
            f"the class {name!r} has no images that can be read, only other files ({only}); add some, or remove it"
        )


def _has_parts(places: Sequence[tuple[str, ...]]) -> bool:
    """Whether the first folder of each place is a part. `train` may be a class as well, beside `bus`."""
    trains = [place for place in places if _part(place[0]) == "train"]
    return any(len(place) > 1 for place in trains) or (bool(trains) and all(_part(place[0]) for place in places))


def _part(folder: str) -> str | None:
    return next((part for part, names in PARTS.items() if folder.lower() in names), None)


def _class(name: str) -> str:
    if len(name) > MAX_CLASS_LETTERS or len(os.fsencode(name)) > MAX_CLASS_BYTES:
        raise DataError(
            f"class {name[:MAX_CLASS_LETTERS]!r}... has a name of more than {MAX_CLASS_LETTERS} letters or "
            f"{MAX_CLASS_BYTES} bytes; shorten it"
        )
    if name in {FACTS, NAMES, NOTES, RAW}:
        raise DataError(f"class {name!r} has the name of a file of the service; rename it")
    return name


def check(parts: Parts) -> None:
    """DataError if it cannot be trained on, as nas.dataset would find."""
    train = parts.get("train", parts.get("", {}))
    if len(train) < 2:  # noqa: PLR2004 - a choice needs two
        raise DataError(f"one class ({', '.join(train)}) gives nothing to tell apart; make a folder for each class")
    for part, classes in parts.items():
        if unknown := sorted(set(classes) - set(train)):
            raise DataError(
                f"{part} has classes that train lacks: {', '.join(unknown)}; give a class the same name everywhere"
            )
    required = 1 + sum(part not in parts for part in PARTS if part != "train")
    count, name = min((len(members), name) for name, members in train.items())
    if count < required:
        raise DataError(f"class {name!r} has {count} training images; give each class at least {required}")
