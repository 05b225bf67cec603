"""Class folders of a user's own pictures: which files they hold, by split and class, and what lies beside them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from nas.errors import DataError
from nas.image_set.note import Note, counted, listed
from nas.images.formats import NoPictureError, Picture, PictureError, header
from nas.images.litter import is_litter
from nas.images.reading import Member, left_out

PARTS = {"train": {"train", "training"}, "validation": {"val", "valid", "validation"}, "test": {"test", "testing"}}
"""Names of the optional folders above the class folders."""

NAMES = ".names.json"
"""An optional file in the folder: what messages call a picture, by its path in the folder, and the folder itself, by
the path `.`. The service stores uploaded pictures under numbers.
"""


NOTES = ".notes.json"
"""An optional file beside it: notes on what the pictures came with; their fields."""

LISTED = 20
"""Classes that an error names."""


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """classes: their names, in Unicode's composed form (NFC). members: all files in class folders, split by split.

    parts: the splits that have a folder. notes: on what lies elsewhere.
    """

    classes: tuple[str, ...]
    parts: tuple[str, ...]
    members: tuple[Member, ...]
    notes: tuple[Note, ...]


def class_folders(root: Path) -> ClassFolders:
    """What lies in a folder. DataError if its parts or classes are unclear, or differ."""
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; give the folder whose sub-folders are the classes")
    parts = _parts(root)
    homes = {part: _by_class(folder) for part, folder in parts.items()}
    if not homes["train"]:
        raise DataError(f"{parts['train']} has no sub-folders; make one for each class and put its images there")
    classes = tuple(homes["train"])
    if len(classes) == 1 and len(_inside(within := homes["train"][classes[0]][0])) > 1:
        raise DataError(
            f"{parts['train']} has one sub-folder, {classes[0]}; if the classes are those in it, give {within}"
        )
    for part, found in homes.items():
        if unknown := sorted(set(found) - set(classes)):
            raise DataError(
                f"{parts[part]} has classes that train lacks: {', '.join(unknown)}; train has "
                f"{listed(classes, LISTED)}. Give a class the same name everywhere, or remove it"
            )
    names = names_in(root)
    members = tuple(
        Member(part, label, picture)
        for part, found in homes.items()
        for label, name in enumerate(classes)
        for folder in found.get(name, ())
        for picture in _pictures(folder, root, names)
    )
    return ClassFolders(classes, tuple(parts), members, tuple(_kept_notes(root) if names else _beside(root, parts)))


def _parts(root: Path) -> dict[str, Path]:
    """The folders of class folders: the path itself if it has no train/, or if train is the name of a class."""
    inside = _inside(root)
    named = {part: [folder for folder in inside if folder.name.lower() in names] for part, names in PARTS.items()}
    found = {part: folders[0] for part, folders in named.items() if folders}
    if "train" not in found or not (len(inside) == len(found) or _inside(found["train"])):
        return {"train": root}
    for part, folders in named.items():
        if len(folders) > 1:
            which = " and ".join(folder.name for folder in folders)
            raise DataError(f"{root} has {which}, which are all the {part} images; keep one of them")
    return found


def _by_class(folder: Path) -> dict[str, list[Path]]:
    """The class folders by name, in the order of their names. A name in two forms of Unicode is one class."""
    found: dict[str, list[Path]] = {}
    for inside in _inside(folder):
        found.setdefault(normalize("NFC", inside.name), []).append(inside)
    return found


def _inside(folder: Path) -> list[Path]:
    """Sub-folders by name: no litter, and of hidden ones those alone that have pictures."""
    folders = sorted(inside for inside in folder.iterdir() if inside.is_dir() and not is_litter(Path(inside.name)))
    return [inside for inside in folders if not inside.name.startswith(".") or any(map(_is_picture, _files(inside)))]


def _files(folder: Path) -> list[Path]:
    """The files in a folder at any depth, sorted by path: no litter. Links to folders are not followed."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    return sorted(path for path in found if not is_litter(path.relative_to(folder)))


def _pictures(folder: Path, root: Path, names: Mapping[str, str]) -> Iterator[Picture]:
    for path in _files(folder):
        inside = path.relative_to(root).as_posix()
        yield Picture(names.get(inside, _where(path, root)), path)


def names_in(root: Path) -> dict[str, str]:
    """The names in NAMES, if root has this file."""
    file = root / NAMES
    names: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return names


def _kept_notes(root: Path) -> list[Note]:
    file = root / NOTES
    rows = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return [Note(**{**row, "names": tuple(row["names"])}) for row in rows]


def _beside(root: Path, parts: Mapping[str, Path]) -> Iterator[Note]:
    """Notes on files that lie in no class folder, and on folders beside the parts."""
    homes = {root, *parts.values()}
    loose = [
        path
        for home in sorted(homes)
        for path in sorted(home.iterdir())
        if path.is_file() and not is_litter(Path(path.name))
    ]
    pictures = [path for path in loose if _is_picture(path)]
    if pictures:
        said = f"{counted(len(pictures), 'picture')} left out, lying in no class folder"
        yield Note.on("loose", said, [_where(path, root) for path in pictures])
    yield from left_out([Picture(_where(path, root), path) for path in loose if path not in pictures], "beside")
    if root not in parts.values():
        for folder in _inside(root):
            if folder not in homes and (files := _files(folder)):
                beside = f"as it is beside {parts['train'].name} ({counted(len(files), 'file')})"
                yield Note.on(
                    "folder_left_out", f"the folder {_where(folder, root)} left out, {beside}", [], len(files)
                )


def _where(path: Path, root: Path) -> str:
    """What messages call a file."""
    return f"{root.resolve().name}/{path.relative_to(root).as_posix()}"


def _is_picture(path: Path) -> bool:
    try:
        header(Picture(str(path), path))
    except (NoPictureError, PictureError):
        return False
    return True
