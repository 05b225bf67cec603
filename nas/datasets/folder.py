"""The user's own images: a folder with a sub-folder for each class."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from nas.dataset import Dataset, DatasetSource, Labels, dataset, split
from nas.errors import DataError
from nas.images.archives import read_files
from nas.images.pictures import SUFFIXES, Picture, decoded_splits

PARTS = {"train": {"train", "training"}, "validation": {"val", "valid", "validation"}, "test": {"test", "testing"}}
"""Names of the optional folders above the class folders."""


@dataset("folder")
class Folder(DatasetSource):
    """path holds class folders, or train/ and optionally val/ and test/ with class folders each.

    If validation or test is absent, it is drawn from train. Images are cut to their central square and resized to
    size x size pixels; without size they must be equal squares already. They are RGB unless all are grey. flip: whether
    a mirrored image is still one of its class.
    """

    summary = "your own images, a sub-folder for each class"
    licence = "yours"

    def __init__(
        self, *, path: str, size: Annotated[int, Field(ge=4, le=1024)] | None = None, flip: bool = True
    ) -> None:
        self.path = Path(path).expanduser()
        self.size = size
        self.flip = flip

    def load(self, seed: int) -> Dataset:
        parts = self._parts()
        classes = tuple(folder.name for folder in _folders(parts["train"]))
        pictures: list[Picture] = []
        labels: dict[str, Labels] = {}
        for part, folder in parts.items():
            found = [_pictures(folder / name, self.path) for name in _same_classes(folder, classes)]
            labels[part] = np.repeat(np.arange(len(found)), [len(members) for members in found])
            pictures += [picture for members in found for picture in members]
        name = f"folder:{self.path.resolve().name}"
        return split(name, classes, decoded_splits(pictures, labels, self.size), seed=seed, flip=self.flip)

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


def _pictures(folder: Path, root: Path) -> list[Picture]:
    found = [picture for _, picture in read_files(folder)]
    if not found:
        raise DataError(
            f"{folder} has no images; add some ({', '.join(sorted(SUFFIXES))}) or remove this class from {root}"
        )
    return found
