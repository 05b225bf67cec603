"""Encoded pictures (PNG, JPEG, WebP...) to arrays: one size, grey or RGB, many at once."""

import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import error as StructError  # noqa: N812 - a class in all but its name
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from nas.dataset import Images, Labels, Split, Splits
from nas.errors import DataError
from nas.machine.cgroup import core_count

S = TypeVar("S")
T = TypeVar("T")

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Suffixes of the files that count as pictures; other files in a folder are ignored."""

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The formats that are decoded, whatever the suffix: for some others, Pillow would start external programs."""

BACKGROUND = "white"
"""The colour behind transparent pixels."""

DRAFT = 2
"""A JPEG is decoded at the smallest fraction of its size whose sides are at least so many times those wanted."""

Header = tuple[tuple[int, int], bool]
"""Width and height of a picture in pixels, and whether it is grey."""

GREY = frozenset({"1", "L", "LA", "La"})
WIDE = ("I", "F")
"""First letters of the modes with more than 8 bits a channel, whose value for white is not known."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture: its bytes, or the file that holds them. where is its name in errors."""

    where: str
    content: bytes | Path


@contextmanager
def opened(picture: Picture) -> Iterator[Image.Image]:
    """The picture, not decoded yet. DataError names it if it cannot be read, also within the with block."""
    content = picture.content
    try:
        with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS) as image:
            yield image
    except (OSError, EOFError, SyntaxError, ValueError, StructError, zlib.error, Image.DecompressionBombError) as fault:
        said = str(fault).replace(str(content), picture.where) if isinstance(content, Path) else str(fault)
        raise DataError(f"{picture.where} is not a readable image ({said}); replace or remove it") from fault


def pixels(pictures: Sequence[Picture], side: int | None = None, channels: int | None = None) -> Images:
    """All pictures as [N, side, side, channels], each cut to its central square and resized.

    If side is None they must be squares of one size. If channels is None they are grey if all of them are.
    """
    if side is None or channels is None:
        headers = _each(pictures, _header)
        side = side or _common_side(pictures, [size for size, _ in headers])
        channels = channels or _channels(headers)
    out = np.empty((len(pictures), side, side, channels), np.uint8)

    def fill(number: int) -> None:
        out[number] = decode(pictures[number], side, channels)

    _each(range(len(pictures)), fill)
    return out


def sizes_and_channels(pictures: Sequence[Picture]) -> tuple[frozenset[tuple[int, int]], int]:
    """The widths and heights that occur, in pixels, and the channels that pixels() has; nothing is decoded."""
    headers = _each(pictures, _header)
    return frozenset(size for size, _ in headers), _channels(headers)


def _channels(headers: Sequence[Header]) -> int:
    return 1 if all(grey for _, grey in headers) else 3


def decoded_splits(pictures: Sequence[Picture], labels: Mapping[str, Labels], side: int | None) -> Splits:
    """The splits of pictures that are given split by split, in the order of labels, [N] by name of the split."""
    ends = np.cumsum([len(numbers) for numbers in labels.values()])
    parts = np.split(pixels(pictures, side), ends[:-1])
    return {part: Split(images, numbers) for (part, numbers), images in zip(labels.items(), parts, strict=True)}


def decode(picture: Picture, side: int | None, channels: int) -> Images:
    """One picture as [H, W, channels] if side is None, else its central square as [side, side, channels]."""
    mode = mode_of(channels)
    with opened(picture) as image:
        if side is not None:
            image.draft(mode, (DRAFT * side, DRAFT * side))  # many megapixels need not be decoded
        decoded = _plain(image, picture.where).convert(mode)
        if side is not None and decoded.size != (side, side):
            decoded = ImageOps.fit(decoded, (side, side), Image.Resampling.BILINEAR)
        return np.asarray(decoded).reshape(decoded.height, decoded.width, channels)


def mode_of(channels: int) -> str:
    """Pillow's name for the order of the channels."""
    return "L" if channels == 1 else "RGB"


def _plain(image: Image.Image, where: str) -> Image.Image:
    """The picture turned as the camera noted, and on BACKGROUND where it is transparent."""
    _refuse_wide(image, where)
    upright = ImageOps.exif_transpose(image)
    if not upright.has_transparency_data:
        return upright
    solid = upright.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", solid.size, BACKGROUND), solid)


def _refuse_wide(image: Image.Image, where: str) -> None:
    if image.mode.startswith(WIDE):
        raise DataError(f"{where} has more than 8 bits a channel (mode {image.mode}); convert it to 8 bits")


def _header(picture: Picture) -> Header:
    with opened(picture) as image:
        _refuse_wide(image, picture.where)
        return image.size, image.mode in GREY


def _common_side(pictures: Sequence[Picture], sizes: Sequence[tuple[int, int]]) -> int:
    side = sizes[0][0]
    for picture, size in zip(pictures, sizes, strict=True):
        if size != (side, side):
            raise DataError(
                f"{picture.where} has {size[0]} x {size[1]} pixels where others are {side} wide; "
                "give `size` to cut and resize all images to one square"
            )
    return side


def _each(items: Sequence[S], read: Callable[[S], T]) -> list[T]:
    """read of every item, in order; threads help because decoding releases the interpreter lock."""
    with ThreadPoolExecutor(core_count()) as threads:
        return list(threads.map(read, items))
