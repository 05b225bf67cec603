"""Encoded pictures (PNG, JPEG, WebP...) to arrays: one size, grey or RGB, many at once."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nas.dataset import Images
from nas.errors import DataError
from nas.image_set.checks import BYTE
from nas.image_set.mapped import CHUNK_BYTES, MappedImages
from nas.images.decoded_sets import KEY_DIGITS, Block, decoded_once, is_large
from nas.images.formats import Header, Picture, PictureError, bits, header, is_grey, opened
from nas.machine.cgroup import core_count

S = TypeVar("S")
T = TypeVar("T")

BACKGROUND = "white"
"""The colour behind transparent pixels."""

DRAFT = 2
"""A JPEG is decoded at the smallest fraction of its size whose sides are at least so many times those wanted."""

DECODING = 1
"""Another number wherever the pixels that `decode` gives change."""

DEEP_WHITE = 65_535
"""Of 16 bits."""


def pixels(pictures: Sequence[Picture], side: int | None = None, channels: int | None = None) -> Images | MappedImages:
    """All pictures as [N, side, side, channels], each cut to its central square and resized.

    If side is None they must be squares of one size. If channels is None they are grey if all of them are.
    """
    if side is None or channels is None:
        headers = each(pictures, header)
        side = side or common_side(pictures, headers)
        channels = channels or channels_of(headers)
    images, faults = decoded(pictures, side, channels)
    for fault in faults.values():
        raise fault
    return images


def decoded(
    pictures: Sequence[Picture], side: int, channels: int
) -> tuple[Images | MappedImages, dict[int, PictureError]]:
    """All pictures as [N, side, side, channels]; and by place, why some cannot be decoded, whose rows are zeros.

    Many of them are decoded into a file, once for all who decode the same (nas.images.decoded_sets).
    """
    shape = (len(pictures), side, side, channels)
    if not is_large(shape):
        return _decoded(pictures, side, channels)
    images, faults = decoded_once(
        _key(pictures, side, channels), shape, pictures[0].where, lambda: _blocks(pictures, side, channels)
    )
    return images, {at: PictureError(pictures[at].where, *why) for at, why in faults.items()}


def _decoded(pictures: Sequence[Picture], side: int, channels: int) -> tuple[Images, dict[int, PictureError]]:
    out = np.zeros((len(pictures), side, side, channels), np.uint8)

    def fill(number: int) -> PictureError | None:
        try:
            out[number] = decode(pictures[number], side, channels)
        except PictureError as error:
            return error
        return None

    faults = each(range(len(pictures)), fill)
    return out, {number: fault for number, fault in enumerate(faults) if fault is not None}


def _blocks(pictures: Sequence[Picture], side: int, channels: int) -> Iterator[Block]:
    step = max(1, CHUNK_BYTES // (side * side * channels))
    for start in range(0, len(pictures), step):
        images, faults = _decoded(pictures[start : start + step], side, channels)
        yield Block(images, {at: (fault.why, fault.remedy) for at, fault in faults.items()})


def _key(pictures: Sequence[Picture], side: int, channels: int) -> str:
    """What decoded images follow from: the encoded ones, in order, and how they are decoded."""
    whole = hashlib.sha256(f"{DECODING} {PIL.__version__} {side} {channels}".encode())
    for digest in each(pictures, _digest):
        whole.update(digest)
    return whole.hexdigest()[:KEY_DIGITS]


def _digest(picture: Picture) -> bytes:
    try:
        return hashlib.sha256(picture.encoded()).digest()
    except OSError as fault:  # which decoding will name
        return str(fault.errno).encode()


def channels_of(headers: Sequence[Header]) -> int:
    return 1 if all(seen.grey for seen in headers) else 3


def decode(picture: Picture, side: int | None, channels: int) -> Images:
    """One picture as [H, W, channels] if side is None, else its central square as [side, side, channels]."""
    mode = mode_of(channels)
    with opened(picture) as image:
        if side is not None:
            image.draft(mode, (DRAFT * side, DRAFT * side))  # many megapixels need not be decoded
        found = _plain(image).convert(mode)
        if side is not None and found.size != (side, side):
            found = ImageOps.fit(found, (side, side), Image.Resampling.BILINEAR)
        return np.asarray(found).reshape(found.height, found.width, channels)


def mode_of(channels: int) -> str:
    """Pillow's name for the order of the channels."""
    return "L" if channels == 1 else "RGB"


def _plain(image: Image.Image) -> Image.Image:
    """The picture in 8 bits a channel, turned as the camera noted, and on BACKGROUND where it is transparent."""
    depth = bits(image)
    upright = ImageOps.exif_transpose(image)
    if depth > 8 and is_grey(upright):  # noqa: PLR2004 - of a byte; Pillow scales channels of colour itself
        return Image.fromarray(_scaled(np.asarray(upright), depth))
    if not upright.has_transparency_data:
        return upright
    solid = upright.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", solid.size, BACKGROUND), solid)


def _scaled(levels: NDArray[Any], depth: int) -> Images:
    """Grey levels [H, W] of more than 8 bits in 8 bits, rounded: of 16 bits from 0..DEEP_WHITE, of 32 bits from their
    own least and greatest finite value, as nothing says which value is white.
    """
    values = levels.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (0.0, float(DEEP_WHITE)) if depth == 16 or not finite.size else (finite.min(), finite.max())  # noqa: PLR2004
    shares = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    scaled: Images = np.rint(shares.clip(0, 1) * BYTE).astype(np.uint8)
    return scaled


def common_side(pictures: Sequence[Picture], headers: Sequence[Header]) -> int:
    """The side of the squares that all of them are. DataError names one that differs."""
    side = headers[0].size[0]
    for picture, seen in zip(pictures, headers, strict=True):
        if seen.size != (side, side):
            raise DataError(
                f"{picture.where} has {seen.size[0]} x {seen.size[1]} pixels where others are {side} wide; "
                "give `size` to cut and resize all images to one square"
            )
    return side


def each(items: Sequence[S], read: Callable[[S], T]) -> list[T]:
    """read of every item, in order; threads help because decoding releases the interpreter lock."""
    with ThreadPoolExecutor(core_count()) as threads:
        return list(threads.map(read, items))
