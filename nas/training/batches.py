"""Batches of one epoch: shuffled, flipped, shifted and cut out for a whole batch at once, on the device of the data.

Shapes: N images in the set, B in a batch, H x H pixels, C channels. A shift is a random crop after reflect padding.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nas.dataset import Images, Split
from nas.training.crops import cropped, drawn_boxes
from nas.training.stream import is_resident, on_device, streamed
from nas.training.tensors import tensor

FULL_SIDE = 64
"""Larger images are scored in smaller batches."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of a training image.

    flip: mirrored left to right half of the time. alternating_flip: of what flip mirrors, every other epoch after the
    first, so that any two epochs in a row show each image both ways (arXiv:2404.00498, section 3.6). shift: moved by up
    to this share of its side, each way. cutout: a square of this share of its side is set to the mean colour
    (arXiv:1708.04552); 0 for none. crop: a box of at least this share of its area is cut out at random and resized,
    after the others (nas.training.crops); 1 for none.
    """

    flip: bool = False
    shift: float = 1 / 8
    cutout: float = 0.0
    alternating_flip: bool = False
    crop: float = 1.0


NONE = Augmentation(shift=0.0)


class SoftTargets(NamedTuple):
    """Soft labels of a batch (nas.image_set.soft_labels): log_probabilities float32 [B, K]."""

    log_probabilities: Tensor
    temperature: float
    weight: float


class Batch(NamedTuple):
    """images: float32 [B, C, H, H] in channels-last order. labels: int64 [B]. soft: of the images before they were
    changed, if a teacher has seen them.
    """

    images: Tensor
    labels: Tensor
    soft: SoftTargets | None = None


class Batches:
    """The training images in batches on one device, epoch by epoch: all are held there, or read batch by batch where
    they are in a file or would take much of a GPU's memory (nas.training.stream). The batches are the same.

    The batches of an epoch are a function of the arguments and its number, so a resumed training sees the same ones.
    A last batch that is not full is left out, unless it is the only one. Images are resized to `resolution` pixels if
    given.
    """

    def __init__(
        self,
        split: Split,
        mean: Sequence[float],
        std: Sequence[float],
        *,
        batch_size: int,
        seed: int,
        resolution: int | None = None,
        device: torch.device | str = "cpu",
        augmentation: Augmentation = NONE,
    ) -> None:
        self._device = torch.device(device)
        self._images = split.images
        self._resident = on_device(split.images, self._device) if is_resident(split.images, self._device) else None
        self._places = torch.arange(min(batch_size, len(split)), device=device)  # in a batch
        self._labels = tensor(split.labels).to(device)
        self._soft = split.soft
        self._taught = tensor(split.soft.log_probabilities).to(device) if split.soft else None
        self._scale, self._offset = _affine(mean, std, self._device)
        self._batch_size = min(batch_size, len(split))
        self._seed = seed
        self._resolution = resolution
        self._augmentation = augmentation
        self._side = int(split.images.shape[1])
        self._reach = int(self._side * augmentation.shift)
        self._columns = _shifted(self._side, self._reach).to(device)  # [2 reach + 1, H]

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._labels) // self._batch_size

    def epoch(self, number: int, resolution: int | None = None) -> Iterator[Batch]:
        """The batches of one epoch, at another resolution than the usual one if given."""
        drawn = self._draws(number)
        draws = [torch.split(draw.to(self._device, non_blocking=True), self._batch_size) for draw in drawn[:4]]
        boxes = torch.split(drawn[4], self._batch_size)
        with closing(self._held(drawn[0])) as held:
            for images, order, flip, shift, centre, box in zip(held, *draws, boxes, strict=False):
                places = order if self._resident is not None else self._places
                found = _floats(self._gather(images, places, flip, shift), self._scale, self._offset)
                if self._augmentation.cutout:
                    found.masked_fill_(self._hole(centre), 0.0)  # the mean, once normalised
                sized = self._sized(found, box, resolution or self._resolution)
                yield Batch(sized, self._labels[order], self._targets(order))

    def _sized(self, images: Tensor, boxes: Tensor, resolution: int | None) -> Tensor:
        if self._augmentation.crop < 1:
            return cropped(images, boxes, resolution or self._side)
        return resized(images, resolution)

    def _held(self, order: Tensor) -> Generator[Tensor]:
        """For each batch of an epoch in this order: all images, or those of the batch, on the device."""
        if self._resident is None:
            yield from streamed(self._images, torch.split(order, self._batch_size)[: len(self)], self._device)
        else:
            yield from repeat(self._resident, len(self))

    def _targets(self, order: Tensor) -> SoftTargets | None:
        if self._soft is None or self._taught is None:
            return None
        return SoftTargets(self._taught[order].float(), self._soft.temperature, self._soft.weight)

    def _draws(self, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """An epoch's randomness: order [N], flip [N], shift [N, 2] and centre of the hole [N, 2], (row, column), and
        boxes of crops [N, 4].

        It is drawn on the CPU, so that a GPU gets the same batches.
        """
        count = len(self._labels)
        rng = self._generator(number)
        order = torch.randperm(count, generator=rng)
        flip = torch.randint(2, (count,), generator=rng)
        if self._augmentation.alternating_flip:
            first = torch.randint(2, (count,), generator=self._generator(0))  # [N], of each image
            flip = (first[order] + number) % 2
        return (
            order,
            flip * int(self._augmentation.flip),
            torch.randint(2 * self._reach + 1, (count, 2), generator=rng),
            torch.randint(self._side, (count, 2), generator=rng),
            drawn_boxes(count, self._side, self._augmentation.crop, rng),
        )

    def _generator(self, number: int) -> torch.Generator:
        state = np.random.SeedSequence((self._seed, number)).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))

    def _gather(self, images: Tensor, order: Tensor, flip: Tensor, shift: Tensor) -> Tensor:
        """Shuffle, flip and shift as one gather of pixels: uint8 [B, H, H, C]."""
        if not (self._augmentation.flip or self._reach):
            return images.index_select(0, order)
        side, channels = self._side, images.shape[3]
        rows, columns = self._columns[shift[:, 0]], self._columns[shift[:, 1]]  # [B, H]
        columns = torch.where(flip[:, None] > 0, columns.flip(1), columns)
        pixel = (order[:, None] * side + rows)[:, :, None] * side + columns[:, None, :]  # [B, H, H]
        found = images.view(-1, channels).index_select(0, pixel.view(-1))
        return found.view(-1, side, side, channels)

    def _hole(self, centre: Tensor) -> Tensor:
        """Which pixels are cut out: bool [B, 1, H, H]."""
        half = self._augmentation.cutout * self._side / 2
        away = torch.arange(self._side, device=centre.device) + 0.5
        inside = (away - (centre[..., None] + 0.5)).abs() < half  # [B, 2, H]
        return (inside[:, 0, :, None] & inside[:, 1, None, :])[:, None]


def normalised(
    images: Images | Tensor, mean: Sequence[float], std: Sequence[float], resolution: int | None = None
) -> Tensor:
    """uint8 images [B, H, H, C] as network input: (pixel / 255 - mean) / std, float32 [B, C, R, R], channels last."""
    pixels = images if isinstance(images, Tensor) else tensor(images)
    return resized(_floats(pixels, *_affine(mean, std, pixels.device)), resolution)


def at_once(most: int, side: int) -> int:
    """How many images of side x side pixels are scored together: `most`, or fewer where they are large, as all that a
    network makes of them is in memory.
    """
    return max(1, min(most, most * FULL_SIDE**2 // side**2))


def _affine(mean: Sequence[float], std: Sequence[float], device: torch.device) -> tuple[Tensor, Tensor]:
    """Normalisation as pixel * scale + offset: both [C]."""
    scale = [1 / (255 * s) for s in std]
    offset = [-m / s for m, s in zip(mean, std, strict=True)]
    both = torch.tensor([scale, offset], dtype=torch.float32, device=device)
    return both[0], both[1]


def _floats(images: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """uint8 [B, H, H, C] normalised, seen as [B, C, H, H]: the memory stays in channels-last order."""
    return images.to(torch.float32).mul_(scale).add_(offset).permute(0, 3, 1, 2)


def resized(images: Tensor, resolution: int | None) -> Tensor:
    """Images [B, C, H, H] at resolution x resolution pixels, channels last; as they are for None or H."""
    side = images.shape[-1]
    if resolution in {None, side}:
        return images
    size = (int(resolution or side),) * 2
    smaller = size[0] < side
    resized = functional.interpolate(images, size, mode="bilinear", align_corners=False, antialias=smaller)
    return resized.contiguous(memory_format=torch.channels_last)


def _shifted(side: int, reach: int) -> Tensor:
    """Source pixel of each position at each shift from -reach to reach, reflected at the borders: [2 reach + 1, H]."""
    place = torch.arange(side) + torch.arange(-reach, reach + 1)[:, None]
    place = place.abs()
    return torch.where(place >= side, 2 * (side - 1) - place, place)
