"""Random resized crops (Szegedy et al., Going deeper with convolutions, arXiv:1409.4842, section 6).

Shapes: B images in a batch, C channels, S x S pixels.
"""

from math import log

import torch
from torch import Tensor
from torch.nn import functional

ASPECT = 4 / 3
"""A crop is at most so many times as wide as it is high, or as high as it is wide."""


def drawn_boxes(count: int, side: int, least: float, rng: torch.Generator) -> Tensor:
    """A box within each of `count` images of side x side pixels: int64 [count, 4], (top, left, height, width).

    Its share of the area is drawn evenly from [least, 1], the logarithm of its aspect from that of [1 / ASPECT,
    ASPECT], and its place evenly. Sides beyond the image's are cut.
    """
    area, aspect, *place = torch.rand(count, 4, generator=rng).unbind(1)
    sides = side * (least + (1 - least) * area).sqrt()
    stretch = torch.exp((2 * aspect - 1) * log(ASPECT) / 2)
    height, width = ((sides * by).round().clamp(1, side) for by in (1 / stretch, stretch))
    top, left = ((at * (side - size + 1)).floor() for at, size in zip(place, (height, width), strict=True))
    return torch.stack([top, left, height, width], 1).long()


def cropped(images: Tensor, boxes: Tensor, resolution: int) -> Tensor:
    """The box of each image [B, C, S, S], resized to resolution x resolution pixels, in channels-last order.

    boxes: of drawn_boxes, on the CPU.
    """
    parts = [
        functional.interpolate(
            image[None, :, top : top + height, left : left + width],
            (resolution, resolution),
            mode="bilinear",
            align_corners=False,
            antialias=max(height, width) > resolution,
        )
        for image, (top, left, height, width) in zip(images, boxes.tolist(), strict=True)
    ]
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)
