"""The user's own images: a folder with a sub-folder for each class."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np

from nas.dataset import FLIP, MAX_SIDE, SIZE, Dataset, DatasetSource, Labels, Outline, dataset, split
from nas.errors import DataError
from nas.images.archives import read_files
from nas.images.pictures import SUFFIXES, Picture, decoded_splits, sizes_and_channels
from nas.registry import described

PARTS = {"train": {"train", "training"}, "validation": {"val", "valid", "validation"}, "test": {"test", "testing"}}
"""Names of the optional folders above the class folders."""

NAMES = ".names.json"
"""An optional file in the folder: what messages call a picture, by its path in the folder, and the folder itself, by
the path `.`. The service stores uploaded pictures under numbers.
"""

Parts = dict[str, list[list[Picture]]]
"""The pictures of each class, by part."""


@dataset("folder")
class Folder(DatasetSource):
    """path holds class folders, or train/ and optionally val/ and test/ with class folders each.

    If validation or test is absent, it is drawn from train. Images are cut to their central square and resized to
    size x size pixels. Without size, equal squares stay as they are, and a search cuts and resizes others to the
    resolution of its space. They are RGB unless all are grey. flip: whether a mirrored image is still one of its class;
    by default it is, unless the classes are named by numbers or single letters.
    """

    summary = "your own images, a sub-folder for each class"
    licence = "yours"

    def __init__(
        self,
        *,
        path: Annotated[
            str,
            described(
                "the folder whose sub-folders are the classes, relative to the spec's file; `uploads/...` on a service",
                "always yours",
            ),
        ],
        size: Annotated[int | None, SIZE] = None,
        flip: Annotated[bool | None, FLIP] = None,
    ) -> None:
        self.path = Path(path).expanduser()
        self.size = size
        self.flip = flip

    def load(self, seed: int) -> Dataset:
        classes, parts = self._found()
        labels: dict[str, Labels] = {
            part: np.repeat(np.arange(len(classes)), [len(members) for members in found])
            for part, found in parts.items()
        }
        splits = decoded_splits(_all(parts), labels, self.size)
        return split(self._title, classes, splits, seed=seed, flip=self.flip)

    def outline(self) -> Outline:
        classes, parts = self._found()
        pictures = tuple(_all(parts))
        counts = {part: [len(members) for members in found] for part, found in parts.items()}
        folders = {Path(picture.content).parent for picture in pictures if isinstance(picture.content, Path)}
        changed = tuple(sorted((folder, folder.stat().st_mtime_ns) for folder in folders))
        sizes, channels = _sizes_and_channels(pictures, changed)
        side = self.size or next(iter(sizes))[0]
        equal = len(sizes) == 1 and sizes == {(side, side)} and side <= MAX_SIDE
        side_px = side if self.size or equal else None
        return Outline.of(self._title, classes, counts, side=side_px, channels=channels)

    def pictures(self) -> dict[str, dict[str, list[Picture]]]:
        """Its pictures by part and class. DataError says what is wrong with the folders."""
        classes, parts = self._found()
        return {part: dict(zip(classes, found, strict=True)) for part, found in parts.items()}

    @property
    def _title(self) -> str:
        return f"folder:{_names(self.path).get('.') or self.path.resolve().name}"

    def _found(self) -> tuple[tuple[str, ...], Parts]:
        """The classes, and the pictures of each class by part."""
        folders = self._parts()
        classes = tuple(folder.name for folder in _folders(folders["train"]))
        names = _names(self.path)
        parts = {
            part: [_pictures(folder / name, self.path, names) for name in _same_classes(folder, classes)]
            for part, folder in folders.items()
        }
        return classes, parts

    def _parts(self) -> dict[str, Path]:
        """The folders of class folders: the path itself if it has no train/, or if train is the name of a class."""
        if not self.path.is_dir():
            raise DataError(f"{self.path} is not a folder; give the folder whose sub-folders are the classes")
        inside = _folders(self.path)
        parts = {part: folder for part, names in PARTS.items() for folder in inside if folder.name.lower() in names}
        if "train" in parts and (len(inside) == len(parts) or _inside(parts["train"])):
            return parts
        return {"train": self.path}


def _inside(folder: Path) -> list[Path]:
    """Sub-folders by name, hidden ones left out."""
    return sorted(inside for inside in folder.iterdir() if inside.is_dir() and not inside.name.startswith((".", "__")))


def _folders(folder: Path) -> list[Path]:
    """Sub-folders by name, hidden ones left out; DataError if there are none."""
    found = _inside(folder)
    if not found:
        raise DataError(f"{folder} has no sub-folders; make one for each class and put its images there")
    return found


def _same_classes(folder: Path, classes: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(inside.name for inside in _folders(folder))
    if names != classes:
        raise DataError(
            f"{folder} has other classes than train: {', '.join(sorted(set(names) ^ set(classes)))}; "
            "give each part the same class folders"
        )
    return classes


def _all(parts: Parts) -> list[Picture]:
    return [picture for found in parts.values() for members in found for picture in members]


@lru_cache(maxsize=8)
def _sizes_and_channels(
    pictures: tuple[Picture, ...],
    changed: tuple[tuple[Path, int], ...],  # noqa: ARG001 - a part of the key: folders, and when they were changed
) -> tuple[frozenset[tuple[int, int]], int]:
    """sizes_and_channels, kept until a picture comes or goes: a form asks for it with every change of a spec."""
    return sizes_and_channels(pictures)


def _names(root: Path) -> dict[str, str]:
    """The names in NAMES, if root has this file."""
    file = root / NAMES
    names: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return names


def _pictures(folder: Path, root: Path, names: Mapping[str, str]) -> list[Picture]:
    found = [
        replace(picture, where=names.get((folder / inside).relative_to(root).as_posix(), picture.where))
        for inside, picture in read_files(folder)
    ]
    if not found:
        raise DataError(
            f"{folder} has no images; add some ({', '.join(sorted(SUFFIXES))}) or remove this class from {root}"
        )
    return found
