"""What a convolution reads of an image."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Window:
    """kernel: height and width. stride and padding: in pixels, the same in both directions.

    A pixel of the padding is 0: it adds nothing, as in torch.
    """

    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: int = 0

    @property
    def taps(self) -> int:
        return self.kernel[0] * self.kernel[1]

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output."""
        lengths = zip((height, width), self.kernel, strict=True)
        rows, columns = ((length + 2 * self.padding - kernel) // self.stride + 1 for length, kernel in lengths)
        return rows, columns

    def rows(self, images: NDArray[Number]) -> NDArray[Number]:
        """[images, height, width, channels] to [images, output height, output width, taps, channels]; padding is 0."""
        border = (self.padding, self.padding)
        padded = np.pad(images, ((0, 0), border, border, (0, 0)))
        views = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, (1, 2))
        chosen = np.moveaxis(views[:, :: self.stride, :: self.stride], 3, -1)
        return chosen.reshape(*chosen.shape[:3], self.taps, images.shape[-1])


@lru_cache(maxsize=64)
def borders(window: Window, height: int, width: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Output positions by which of their taps lie outside the image: the class of each position [positions], and the
    taps outside, as 1, of each class [classes, taps].
    """
    outside = 1 - window.rows(np.ones((1, height, width, 1), np.int32)).reshape(-1, window.taps)
    patterns, classes = np.unique(outside, axis=0, return_inverse=True)
    return classes.reshape(-1).astype(np.int32), patterns
