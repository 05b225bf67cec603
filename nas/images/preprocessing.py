"""How a picture becomes the input of a network: the `preprocessing` entry of an exported file's metadata."""

from dataclasses import dataclass
from typing import Any

from nas.dataset import BYTE, Dataset
from nas.images.pictures import BACKGROUND, DRAFT, mode_of
from nas.ops import Network


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
        return cls(images.side, network.input.height, images.channels, images.mean, images.std)

    def described(self) -> dict[str, Any]:
        """The steps in their order, as JSON values, as docs/preprocessing.md explains them."""
        return {
            "draft": [DRAFT * self.size] * 2,
            "orientation": "exif",
            "background": BACKGROUND,
            "channels": mode_of(self.channels),
            "crop": "central square",
            "filter": "bilinear",
            "size": [self.size] * 2,
            "scale": 1 / BYTE,
            "mean": list(self.mean),
            "std": list(self.std),
            "resolution": [self.resolution] * 2,
        }
