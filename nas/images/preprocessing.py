"""How a picture becomes the input of a network: the `preprocessing` entry of an exported file's metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.dataset import Dataset
from nas.image_set.checks import BYTE
from nas.images.model_input import ModelInput
from nas.images.pictures import BACKGROUND, DRAFT, mode_of
from nas.ops import Network
from nas.ops.notation import write_network

SIGNED_MEAN, SIGNED_STD = 0.5, 128 / 255
"""With them (pixel / 255 - mean) / std is (2 pixel - 255) / 256, an exact float."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """size: side in pixels of the squares that the data set has. resolution: side of the network's input.

    channels: 1 or 3. mean, std: of pixel / 255, one number a channel.
    """

    size: int
    resolution: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, images: Dataset, network: Network) -> "Preprocessing":
        return cls(images.stored_side, network.input.height, images.channels, images.mean, images.std)

    def affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Normalisation as pixel * scale + offset, as training computes it: both [C]."""
        scale = [1 / (BYTE * std) for std in self.std]
        offset = [-mean / std for mean, std in zip(self.mean, self.std, strict=True)]
        return np.array(scale, np.float32), np.array(offset, np.float32)

    def described(self, taken: ModelInput) -> dict[str, Any]:
        """The steps in their order, as JSON values, as docs/preprocessing.md explains them, and those that a file with
        this input does itself.
        """
        normalising = {"scale": 1 / BYTE, "mean": list(self.mean), "std": list(self.std)}
        fitting = {"crop": "central square", "filter": "bilinear", "size": [self.size] * 2}
        last = {**normalising, "resolution": [self.resolution] * 2}
        return {
            "input": taken.value,
            "inside": [*fitting, *last] if taken is ModelInput.UINT8 else [],
            "draft": [DRAFT * self.size] * 2,
            "orientation": "exif",
            "background": BACKGROUND,
            "channels": mode_of(self.channels),
            **fitting,
            **last,
        }


def metadata(network: Network, classes: Sequence[str], preprocessing: Preprocessing) -> dict[str, Any]:
    """What an exported file says of its network: JSON values by key."""
    return {
        "notation": write_network(network),
        "classes": list(classes),
        "preprocessing": preprocessing.described(ModelInput.FLOAT32),
        "normalisation": {"scale": 1 / BYTE, "mean": list(preprocessing.mean), "std": list(preprocessing.std)},
    }
