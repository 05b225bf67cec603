"""The files in a zip or a tar, with the names that its maker meant; other archives are named and refused."""

import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from stat import S_IFDIR, S_IFMT, S_IFREG
from typing import IO, Any
from unicodedata import normalize

from nas.errors import DataError
from nas.images.litter import is_litter

Entry = tuple[str, IO[bytes] | None]
"""A file's name and content; None for the content of a folder, or of litter, which is not read."""

PACKERS = {b"\x1f\x8b": "r:gz", b"BZh": "r:bz2", b"\xfd7zXZ\0": "r:xz"}
"""First bytes of the compressed tars that are read, and tarfile's mode for them."""

FOREIGN = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard (.zst)",
    b"\x1f\x9d": "packed with compress (.Z)",
    b"LZIP": "packed with lzip (.lz)",
    b"\x04\x22\x4d\x18": "packed with LZ4 (.lz4)",
    b"\x5d\x00\x00": "packed with LZMA (.lzma)",
    b"MSCF": "a cabinet (.cab)",
    b"xar!": "a XAR archive",
    b"070701": "a cpio archive",
    b"070707": "a cpio archive",
    b"!<arch>": "an ar archive",
    b"ALZ\x01": "an ALZ archive",
    b"MZ": "a program, perhaps an archive that unpacks itself",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
}
REMEDY = "send a .zip (Deflate, without a password) or a .tar.gz"

METHODS = {
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode",
    9: "Deflate64, which Windows takes above 2 GB", 10: "PKWARE's Implode", 16: "IBM z/OS's CMPSC", 18: "IBM's TERSE",
    19: "IBM's LZ77", 20: "Zstandard", 93: "Zstandard", 94: "MP3", 95: "XZ", 96: "a form for JPEG files",
    97: "WavPack", 98: "PPMd", 99: "AES encryption",
}  # fmt: skip
"""The methods of APPNOTE.TXT 4.4.5 that zipfile does not read, by number; a later one may read some."""

ENCRYPTED, UTF8, MASKED = 0x1, 0x800, 0x2000
"""Flags of a zip's member (APPNOTE.TXT 4.4.4)."""
UNICODE_PATH = 0x7075
"""Info-ZIP's extra field: version, CRC-32 of the name that it is for, the name in UTF-8 (APPNOTE.TXT 4.6.9)."""
END_OF_ZIP, END_BYTES = b"PK\x05\x06", 22 + 65_535
SPLIT_ZIP = b"PK\x07\x08"
VOLUME = b"M"
"""The type of a tar's member that began in an earlier volume."""

GB_2312 = (0xB0, 0xA1)
"""The least first and second byte of a Chinese character in it, and so in GBK, that is in common use."""

CODE_PAGES = ("utf-8", "cp437", "cp932", "gbk", "cp1251")
"""In which a name of no known encoding is shown."""


def entries(archive: Path) -> Iterator[Entry]:
    """What the archive holds; its first bytes decide what it is. DataError names what is not read, and the remedy."""
    with archive.open("rb") as file:
        start = file.read(8)
    for magic, what in FOREIGN.items():
        if start.startswith(magic):
            raise DataError(f"the file is {what}, which is not read; {REMEDY}")
    if start.startswith(b"PK"):
        yield from _zipped(archive, start)
    else:
        _refuse_split(archive, b"")
        mode = next((mode for magic, mode in PACKERS.items() if start.startswith(magic)), "r:")
        yield from _tarred(archive, mode)


def _zipped(archive: Path, start: bytes) -> Iterator[Entry]:
    _refuse_split(archive, start)
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        _refuse_packing(members)
        is_utf8 = _are_utf8([_stored(member) for member in members if not member.flag_bits & UTF8])
        for member in members:
            name = _zip_name(member, is_utf8=is_utf8)
            kind = S_IFMT(member.external_attr >> 16)
            if is_litter(PurePosixPath(name)) or name.endswith("/"):
                yield name, None
                continue
            if kind not in {0, S_IFREG, S_IFDIR}:
                raise _no_file(name)
            with opened.open(member) as content:
                yield name, content


def _refuse_split(archive: Path, start: bytes) -> None:
    """DataError if it is a part of a split zip. start: its first bytes, none if it does not begin as a zip."""
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES))
        tail = file.read()
    at = tail.rfind(END_OF_ZIP)
    if start.startswith(SPLIT_ZIP) or (at >= 0 and tail[at + 4 : at + 6] not in {b"\0\0", b"\xff\xff"}):
        raise DataError("the zip is one part of a split archive (.z01, .zip); join them, or send several .zip files")
    if start and at < 0:
        raise DataError(
            "the zip has no end: it is damaged or was cut off, or it is one part of a split archive (.zip.001); "
            "send the whole file"
        )


def _refuse_packing(members: list[zipfile.ZipInfo]) -> None:
    """DataError names the first member that cannot be unpacked, and how many there are."""
    locked = [member for member in members if member.flag_bits & (ENCRYPTED | MASKED)]
    if locked:
        raise DataError(
            f"the zip is encrypted ({len(locked):,} files, first {locked[0].filename[:200]!r}); make it again "
            "without a password"
        )
    known = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
    known.add(getattr(zipfile, "ZIP_ZSTANDARD", zipfile.ZIP_STORED))
    foreign = [member for member in members if member.compress_type not in known]
    if foreign:
        method = foreign[0].compress_type
        raise DataError(
            f"the zip is packed by a method that is not read: {METHODS.get(method, f'number {method}')} "
            f"({len(foreign):,} files, first {foreign[0].filename[:200]!r}). Make it again with Deflate (7-Zip: "
            "method Deflate), or send a .tar.gz, or several smaller .zip files"
        )


def _stored(member: zipfile.ZipInfo) -> bytes:
    """The bytes of a name that zipfile has decoded as it does those without a mark of their encoding."""
    return member.orig_filename.encode("cp437")


def _zip_name(member: zipfile.ZipInfo, *, is_utf8: bool) -> str:
    """The member's name. is_utf8: of names without a mark. DataError if it is in an encoding that is not told."""
    name = member.orig_filename
    if not member.flag_bits & UTF8:
        stored = _stored(member)
        told = _unicode_path(member.extra, stored)
        if told is None and not is_utf8 and not stored.isascii():
            raise _unclear("zip", stored)
        name = told or stored.decode()
    if member.create_system == 0 and "/" not in name:  # .NET wrote the separators of Windows
        name = name.replace("\\", "/")
    return normalize("NFC", name)


def _unicode_path(extra: bytes, stored: bytes) -> str | None:
    """The name in the extra field, if there is one and it belongs to the stored name."""
    while len(extra) >= 4:  # noqa: PLR2004 - kind and length
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH and field[:1] == b"\1" and field[1:5] == struct.pack("<I", zlib.crc32(stored)):
            return field[5:].decode()
    return None


def _are_utf8(stored: list[bytes]) -> bool:
    """Whether names without a mark of their encoding are UTF-8: many programs write it so, others what their machine
    was set to. Two Chinese characters in GBK may be two letters in UTF-8 as well, so one name has to be unlike GBK.
    """
    names = [_reading(name, "utf-8") for name in stored if not name.isascii()]
    found = [name for name in names if name is not None]
    return len(found) == len(names) and (not found or any(map(_unlike_gbk, found)))


def _unlike_gbk(name: str) -> bool:
    """Whether a name in UTF-8 has a character of three bytes, or of two that are none of GB 2312, or single letters of
    two bytes beside plain ones.
    """
    letters = [letter.encode() for letter in name if not letter.isascii()]
    if any(len(letter) != 2 or letter[0] < GB_2312[0] or letter[1] < GB_2312[1] for letter in letters):  # noqa: PLR2004
        return True
    return all(
        len(at[0]) == 1 and re.search(r"[A-Za-z]", name[max(0, at.start() - 1) : at.end() + 1])
        for at in re.finditer(r"[^\x00-\x7f]+", name)
    )


def _unclear(kind: str, stored: bytes) -> DataError:
    readings = dict.fromkeys(_reading(stored, page) for page in CODE_PAGES)
    shown = ", ".join(repr(reading[:100]) for reading in readings if reading)
    return DataError(
        f"a name in the {kind} is in a code page that it does not tell: it may be {shown}. Make the archive again with "
        "names in UTF-8 (7-Zip: parameter cu=on; or `tar` on Linux or macOS), or rename folders and files to plain "
        "letters"
    )


def _reading(stored: bytes, page: str) -> str | None:
    try:
        return stored.decode(page)
    except UnicodeDecodeError:
        return None


def _tarred(archive: Path, mode: Any) -> Iterator[Entry]:
    with tarfile.open(archive, mode) as opened:
        for member in opened:
            stored = member.name.encode("utf-8", "surrogateescape")
            if is_litter(PurePosixPath(member.name)):
                yield member.name, None
                continue
            if member.type == VOLUME:
                raise DataError("the tar is one part of a split archive; join them, or send several .tar files")
            if not member.isreg() and not member.isdir():
                raise _no_file(member.name)
            try:
                name = normalize("NFC", stored.decode())
            except UnicodeDecodeError:
                raise _unclear("tar", stored) from None
            yield name, opened.extractfile(member)


def _no_file(name: str) -> DataError:
    return DataError(f"{name[:200]!r} is a link or a device; put plain files and folders into the archive")
