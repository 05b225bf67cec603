"""Whether a picture of a stranger can be decoded, and how large it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from nas.errors import DataError
from nas.images.pictures import Picture, decode, opened

MAX_PIXELS = 64_000_000
"""Of one picture."""

PROBE_SIDE = 64
"""Pictures are decoded to this size: large JPEG files at a fraction of their size."""


def sides_of(picture: Picture) -> tuple[int, int]:
    """Width and height of a picture, as its header states them. DataError if they are too large."""
    with _readable(picture), opened(picture) as image:
        width, height = image.size
    if width * height > MAX_PIXELS:
        raise DataError(f"{picture.where} has {width} x {height} pixels, more than {MAX_PIXELS:,}; shrink it")
    return width, height


def try_to_decode(picture: Picture) -> None:
    """Decode a picture. DataError names one that cannot be decoded."""
    with _readable(picture):
        decode(picture, PROBE_SIDE, 3)


@contextmanager
def _readable(picture: Picture) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        if error.__cause__ is None:
            raise
        # Pillow's message has paths of this machine.
        raise DataError(f"{picture.where} is not a readable image; replace or remove it") from None
