"""What a picture's first bytes and header say: its format, size and colours, and what decoding will change."""

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from struct import error as StructError  # noqa: N812 - a class in all but its name

from PIL import Image, UnidentifiedImageError

from nas.errors import DataError

FORMATS = (
    "AVIF", "BMP", "DDS", "DIB", "GIF", "HEIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "PSD", "QOI",
    "SGI", "SUN", "TGA", "TIFF", "WEBP", "XBM", "XPM",
)  # fmt: skip
"""The formats that are decoded, whatever the suffix: for some others, Pillow would start external programs."""

START = 64
"""First bytes that tell a format."""

UNMARKED = frozenset({"TGA", "XBM"})
"""Formats whose first bytes prove nothing: a file is only taken for one of them by its suffix."""

HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
RAW_SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".kdc", ".mos", ".nef", ".nrw", ".pef", ".rwl", ".sr2", ".srw"}
)
"""Raw files of cameras, which are TIFF files too: Pillow would read the small preview in them."""

HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
"""ISO/IEC 23008-12: the major brand of a file with pictures in HEVC, in bytes 8 to 12."""

FAULTS = (OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, StructError, zlib.error)
"""What Pillow raises while it reads a damaged file, beside its errors for pictures with too many pixels."""
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


REMEDY = "replace or remove it"


class Change(StrEnum):
    """What decoding does to a picture beside resizing; the value is how a note says it of several pictures."""

    DEEP = "have 16 bits a channel: scaled from 0..65535 to 0..255"
    DEEPER = "have 32 bits a channel: each is scaled from its own least and greatest value to 0..255"
    COLOURS = "are in CMYK or another space of colours: converted to RGB"
    TRANSPARENT = "have transparency: laid on white"
    TURNED = "are stored turned or mirrored: set upright as the camera noted (EXIF)"
    FIRST = "have several pages or frames: the first is read"


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture: its bytes, the file that holds them, or what reads them. where is its name in errors."""

    where: str
    content: bytes | Path | Callable[[], bytes]

    def encoded(self) -> bytes:
        """Its bytes. OSError if they cannot be read."""
        content = self.content
        if isinstance(content, Path):
            return content.read_bytes()
        return content if isinstance(content, bytes) else content()


@dataclass(frozen=True, slots=True)
class Header:
    """size: width and height in pixels, as stored. grey: whether it has no colours."""

    size: tuple[int, int]
    grey: bool
    changes: frozenset[Change]


class PictureError(DataError):
    """A picture cannot be read: the name by which the user knows it, why not, and what to do."""

    def __init__(self, where: str, why: str, remedy: str = REMEDY) -> None:
        super().__init__(f"{where} {why}; {remedy}")
        self.where, self.why, self.remedy = where, why, remedy


class NoPictureError(DataError):
    """A file is no picture, and is not called like one."""


@cache
def suffixes() -> frozenset[str]:
    """The suffixes, in lower case, by which a file claims to be a picture."""
    return HEIF_SUFFIXES | {suffix for suffix, form in Image.registered_extensions().items() if form in FORMATS}


@cache
def readable() -> tuple[str, ...]:
    """Those of FORMATS that are decoded here: HEIF comes with the extra `heic`."""
    Image.init()
    if find_spec("pillow_heif") is not None:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 - an optional dependency

        register_heif_opener()
    return tuple(form for form in FORMATS if form in Image.OPEN)


def suffix_of(picture: Picture) -> str:
    """In lower case; of the file if it is one, else of its name."""
    return PurePosixPath(picture.where).suffix.lower()


@contextmanager
def opened(picture: Picture) -> Iterator[Image.Image]:
    """The picture, not decoded yet. PictureError names it if it cannot be read, also within the with block."""
    content = picture.content
    try:
        file = content if isinstance(content, Path) else io.BytesIO(picture.encoded())
        with Image.open(file, formats=readable()) as image:
            yield image
    except UnidentifiedImageError as fault:
        raise _unread(picture) from fault
    except (*FAULTS, *BOMBS) as fault:
        said = str(fault).replace(str(content), picture.where) if isinstance(content, Path) else str(fault)
        raise PictureError(picture.where, f"is not a readable image ({said})") from fault


def may_be_picture(file: Picture) -> bool:
    """Whether the file claims to be a picture, by its suffix or by its first bytes: its content need not be whole."""
    if suffix_of(file) in suffixes():
        return True
    accepts = (Image.OPEN[form][1] for form in readable() if form not in UNMARKED)
    start = _start(file).ljust(START, b"\0")
    return is_heif(start) or any(accept is not None and bool(accept(start)) for accept in accepts)


def header(picture: Picture) -> Header:
    """What the header says; nothing is decoded.

    PictureError if it is a picture that cannot be read, or is only called like one; NoPictureError for other files.
    """
    suffix = suffix_of(picture)
    if suffix in RAW_SUFFIXES:
        raise NoPictureError(f"{picture.where} is a raw file of a camera; develop it to JPEG")
    try:
        with opened(picture) as image:
            if image.format in UNMARKED and suffix not in suffixes():
                raise NoPictureError(f"{picture.where} is no picture")
            return Header(image.size, is_grey(image), frozenset(_changes(image)))
    except PictureError as error:
        if suffix in suffixes() or error.remedy != REMEDY:
            raise
        raise NoPictureError(f"{picture.where} is no picture") from error


GREY = frozenset({"1", "L", "LA", "La", "I", "F"})
DEEP_GREY = "I;16"
ORIENTATION = 0x0112
"""The EXIF tag."""


def is_grey(image: Image.Image) -> bool:
    return image.mode in GREY or image.mode.startswith(DEEP_GREY)


def bits(image: Image.Image) -> int:
    """Of a channel in the file: 8, 16 or 32. Those of a grey picture with more than 8 are left for us to scale."""
    if image.mode.startswith(DEEP_GREY) or any(";16" in str(tile) for tile in getattr(image, "tile", ())):
        return 16
    if image.mode == "I" and image.format in {"PNG", "PPM"}:  # 16 bits, in 32
        return 16
    return 32 if image.mode in {"I", "F"} else 8


def _changes(image: Image.Image) -> Iterator[Change]:
    depth = bits(image)
    if depth > 8:  # noqa: PLR2004 - of a byte
        yield Change.DEEP if depth == 16 else Change.DEEPER  # noqa: PLR2004 - as above
    if image.mode in {"CMYK", "LAB", "YCbCr", "HSV"}:
        yield Change.COLOURS
    if image.has_transparency_data:
        yield Change.TRANSPARENT
    is_told = image.format != "PNG" or "exif" in image.info  # else getexif decodes all of the picture
    if is_told and image.getexif().get(ORIENTATION, 1) not in {0, 1}:
        yield Change.TURNED
    if getattr(image, "is_animated", False) and image.format != "PSD":  # whose further frames are its layers
        yield Change.FIRST


def _unread(picture: Picture) -> PictureError:
    """Why Pillow does not know the format."""
    try:
        start = _start(picture)
    except OSError as fault:
        return PictureError(picture.where, f"cannot be opened ({fault.strerror})")
    if not start:
        return PictureError(picture.where, "is not a readable image: it is empty")
    if is_heif(start) and _is_avif(start) and "AVIF" not in readable():
        return PictureError(picture.where, "is an AVIF picture, which this Pillow does not read", "update pillow")
    if is_heif(start) and not _is_avif(start) and "HEIF" not in readable():
        how = "run `pip install 'nas[heic]'`, or convert it to JPEG"
        return PictureError(picture.where, "is a HEIC picture, which needs the extra `heic`", how)
    if start.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return PictureError(picture.where, "is a JPEG XL picture, which is not read", "convert it to JPEG or PNG")
    return PictureError(picture.where, "is not a readable image: its content is damaged, or no picture")


def _start(file: Picture) -> bytes:
    """The first bytes."""
    if not isinstance(file.content, Path):
        return file.encoded()[:START]
    with file.content.open("rb") as opened_file:
        return opened_file.read(START)


def is_heif(start: bytes) -> bool:
    """Whether a file that begins so is HEIC or AVIF (ISO/IEC 23008-12)."""
    return start[4:8] == b"ftyp" and (start[8:12] in HEIF_BRANDS or _is_avif(start))


def _is_avif(start: bytes) -> bool:
    return b"avif" in start or b"avis" in start
