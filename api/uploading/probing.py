"""Whether a picture of a stranger can be decoded, and how large it is."""

from nas.images.formats import Picture, PictureError, header
from nas.images.pictures import decode

MAX_PIXELS = 64_000_000
"""Of one picture."""

PROBE_SIDE = 64
"""Pictures are decoded to this size: large JPEG files at a fraction of their size."""


def sides_of(picture: Picture) -> tuple[int, int]:
    """Width and height of a picture, as its header states them.

    PictureError if they are too large, or if it cannot be read; NoPictureError if the file is no picture.
    """
    width, height = header(picture).size
    if width * height > MAX_PIXELS:
        raise PictureError(
            picture.where, f"has {width} x {height} pixels, more than {MAX_PIXELS:,}", "shrink it or remove it"
        )
    return width, height


def try_to_decode(picture: Picture) -> None:
    """Decode a picture. PictureError names one that cannot be decoded."""
    decode(picture, PROBE_SIDE, 3)
