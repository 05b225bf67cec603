"""Data sets: images in memory as uint8, split by seed, with the searcher kept away from test.

Shapes: N images, H x W pixels, C channels (1 or 3).
"""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nas.registry import Registry

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Images [N, H, W, C] and their class numbers [N]."""

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """sha256 over the pixels, then the labels as bytes: the same whatever file they came from."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        digest.update(self.labels.astype(np.uint8).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set ready for a search. Normalisation is (pixel / 255 - mean) / std, per channel, from train."""

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def channels(self) -> int:
        return int(self.train.images.shape[3])

    @property
    def side(self) -> int:
        """Height and width of an image in pixels."""
        return int(self.train.images.shape[1])

    @property
    def digest(self) -> str:
        """Content id over all splits: equal for equal images in equal splits; 16 hexadecimal digits."""
        parts = "".join(split.digest() for split in (self.train, self.validation, self.test))
        return hashlib.sha256(parts.encode()).hexdigest()[:16]


class DatasetSource(ABC):
    """Where a data set comes from. Keyword-only constructor parameters are the user's parameters."""

    name: ClassVar[str]

    @abstractmethod
    def load(self, seed: int) -> Dataset:
        """The whole set in memory, split: the test split is the source's own, validation is drawn from train by seed.

        DataError says what is absent or damaged, and how to get it.
        """


dataset: Registry[DatasetSource] = Registry("dataset", "nas.datasets")
