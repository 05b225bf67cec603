"""Data sets: images as uint8, in memory or in a file that is mapped, split by seed; the searcher never sees the test
split.

Shapes: N images, H x W pixels, C channels (1 or 3).
"""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nas.errors import DataError
from nas.image_set.checks import (
    BYTE,
    also_in,
    conflict_note,
    may_mirror,
    missing_note,
    one_class,
    overlap_note,
    statistics,
    too_few,
    uneven_note,
    unfit,
)
from nas.image_set.held_out import SHARES, drawn, drawn_count
from nas.image_set.mapped import MappedImages, sha256
from nas.image_set.note import Note
from nas.image_set.soft_labels import SoftLabels
from nas.machine.folders import data_folder, user_data_folder
from nas.registry import Registry

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]

SYSTEM_FOLDER = Path("/usr/share/datasets")
"""The folder into which Debian's dataset-* packages install."""
MAX_SIDE = 1024
"""Limit of the parameter `size` of sources, in pixels."""


@dataclass(frozen=True, slots=True)
class Split:
    """Images [N, H, W, C], their class numbers [N], and what a teacher says of them, if one has seen them.

    Slices of it are views; so are all parts of mapped images.
    """

    images: Images | MappedImages
    labels: Labels
    soft: SoftLabels | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """sha256 over the pixels, then the labels as bytes: the same whatever file they came from."""
        digest = sha256(self.images)
        digest.update(self.labels.astype(np.uint8 if self.labels.max(initial=0) <= BYTE else "<u2").tobytes())
        return digest.hexdigest()

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> "Split":
        images = self.images.view(chosen) if isinstance(self.images, MappedImages) else self.images[chosen]
        return Split(images, self.labels[chosen], self.soft and self.soft[chosen])


Splits = Mapping[str, Split]
"""Splits by name: train, and where the source has them test and validation."""


@dataclass(frozen=True)
class Dataset:
    """A data set ready for a search. Normalisation is (pixel / 255 - mean) / std, per channel, from train.

    flip: whether a mirrored image is still one of its class. variant: how the pixels differ from those of the published
    set; None if they are the same, or if nothing is published. reading: notes on what was left out, changed or guessed
    when files were read. names: of images by split, as far as they have some. input_side: of what
    networks take, in pixels, if images are stored larger.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    flip: bool = False
    variant: str | None = None
    reading: tuple[Note, ...] = ()
    names: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    input_side: int | None = None

    @property
    def channels(self) -> int:
        return int(self.train.images.shape[3])

    @property
    def side(self) -> int:
        """Height and width in pixels of a network's input, unless its space decides that."""
        return self.input_side or self.stored_side

    @property
    def stored_side(self) -> int:
        """Height and width of an image in pixels."""
        return int(self.train.images.shape[1])

    @property
    def is_mapped(self) -> bool:
        """Whether all images are in files, so that a copy for another process is small."""
        return all(isinstance(part.images, MappedImages) for part in (self.train, self.validation, self.test))

    @cached_property
    def in_train(self) -> Mapping[str, NDArray[np.bool_]]:
        """Which images of validation and test also lie in train, pixel for pixel: [N] by split."""
        held_out = {"validation": self.validation, "test": self.test}
        return {part: also_in(images.images, self.train.images) for part, images in held_out.items()}

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What a user is to know of the images; those of the files come first."""
        found = [*self.reading, *uneven_note(self.train.labels, self.classes)]
        for part, images in (("validation", self.validation), ("test", self.test)):
            found += missing_note(part, images.labels, self.classes)
            found += overlap_note(part, self.in_train[part], self.names.get(part, ()))
        found += conflict_note(self.train.images, self.train.labels, self.names.get("train", ()))
        return tuple(found)

    @cached_property
    def digest(self) -> str:
        """Content id over all splits: equal for equal images in equal splits; 16 hexadecimal digits.

        It reads every pixel, once.
        """
        parts = "".join(split.digest() for split in (self.train, self.validation, self.test))
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    def untaught(self) -> "Dataset":
        """Without soft labels."""
        return self if self.train.soft is None else replace(self, train=replace(self.train, soft=None))


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a data set before any image is decoded: its classes, and the number of images of each split.

    side: of the square images in pixels; None if they have several sizes, or none that is fit for training, so that the
    source needs its parameter `size`. channels: 1 or 3. resized: the side was chosen for them. notes: of a Dataset, as
    far as they are known.
    """

    classes: tuple[str, ...]
    train: int
    validation: int
    test: int
    side: int | None
    channels: int
    resized: bool = False
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        classes: Sequence[str],
        counts: Mapping[str, Sequence[int]],
        *,
        side: int | None,
        channels: int,
        notes: Sequence[Note] = (),
    ) -> "Outline":
        """counts: images of each class, by the names of the splits that the source has; missing ones are drawn as in
        split(). DataError if there are too few.
        """
        if len(classes) < 2:  # noqa: PLR2004 - a choice needs two
            raise DataError(one_class(name, classes))
        train = list(counts["train"])
        held_out = {}
        for part in SHARES:
            less = [0] * len(train) if part in counts else [drawn_count(count, part) for count in train]
            train = [count - taken for count, taken in zip(train, less, strict=True)]
            held_out[part] = sum(counts.get(part, less))
        if fault := too_few(name, classes, [label for label, count in enumerate(train) if not count], held_out):
            raise DataError(fault)
        sizes = (sum(train), held_out["validation"], held_out["test"])
        return cls(tuple(classes), *sizes, side, channels, notes=tuple(notes))


class DatasetSource(ABC):
    """Where a data set comes from. Keyword-only constructor parameters are the user's parameters.

    summary is one line on what the images show; licence is their licence, or what is known of it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    licence: ClassVar[str]

    @abstractmethod
    def load(self, seed: int) -> Dataset:
        """The whole set, split: test is the source's own if it has one, validation is drawn from train.

        What is drawn depends on the seed alone. DataError says what is absent or damaged, and how to get it.
        """

    def outline(self) -> Outline | None:
        """What is known of the set without decoding it; None if only load() can tell. DataError as load raises it."""
        return None

    @property
    def title(self) -> str:
        """What people call the images."""
        return self.name


dataset: Registry[DatasetSource] = Registry("dataset", "nas.datasets", hint="images of your own are folder:PATH")


def resolve(config: Mapping[str, Any] | str) -> dict[str, Any]:
    """A data set as a spec names it, as name and parameters: `NAME:PATH` is short for {name: NAME, path: PATH}."""
    if not isinstance(config, str):
        return dict(config)
    name, colon, path = config.partition(":")
    return {"name": name, "path": path} if colon else {"name": name}


def load(config: Mapping[str, Any] | str, seed: int) -> Dataset:
    """The data set that a spec names."""
    return dataset.make(resolve(config)).load(seed)


def data_dirs() -> tuple[Path, ...]:
    """The folders that are searched for data sets, in this order.

    NAS_DATA_DIR names one or several, separated as in PATH; the default is `datasets` in NAS_HOME, and in the user's
    data folder, where sets may lie that came before there was a NAS_HOME. The system's folder comes last.
    """
    given = [Path(part).expanduser() for part in os.environ.get("NAS_DATA_DIR", "").split(os.pathsep) if part]
    places = dict.fromkeys(folder for folder in (data_folder(), user_data_folder()) if folder is not None)
    return (*(given or [place / "datasets" for place in places]), SYSTEM_FOLDER)


def data_dir() -> Path:
    """The folder for downloads: the first of data_dirs()."""
    return data_dirs()[0]


def split(
    name: str,
    classes: Sequence[str],
    splits: Splits,
    *,
    seed: int,
    flip: bool | None = False,
    variant: str | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    reading: Sequence[Note] = (),
) -> Dataset:
    """A checked Dataset.

    A missing test is drawn from train, and then a missing validation, as nas.image_set.held_out says. flip: None is for
    what the names of the classes tell. names: of the images, by split. DataError says why images are unfit for
    training.
    """
    for part, images in splits.items():
        if fault := unfit(images.images, images.labels, len(classes), splits["train"].images.shape):
            raise DataError(f"{name}: {part} {fault}")
    if len(classes) < 2:  # noqa: PLR2004 - a choice needs two
        raise DataError(one_class(name, classes))
    found = dict(splits)
    called = {part: np.array(given, object) for part, given in (names or {}).items()}
    for part in SHARES:
        if part not in splits:
            chosen = drawn(found["train"].labels, part, seed)
            found = {
                **found,
                "train": found["train"][np.flatnonzero(~chosen)],
                part: found["train"][np.flatnonzero(chosen)],
            }
            if "train" in called:
                called |= {"train": called["train"][~chosen], part: called["train"][chosen]}
    train, validation, test = found["train"], found["validation"], found["test"]
    empty = sorted(set(range(len(classes))) - set(train.labels.tolist()))
    if fault := too_few(name, classes, empty, {"validation": len(validation), "test": len(test)}):
        raise DataError(fault)
    mean, std = statistics(name, train.images)
    mirrored = may_mirror(classes) if flip is None else flip
    known = {part: tuple(given.tolist()) for part, given in called.items()}
    return Dataset(name, tuple(classes), train, validation, test, mean, std, mirrored, variant, tuple(reading), known)
